"""Ray Serve in TorchServe's place, until Ctrl-C: python -m serve.run --help."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace

import ray
from ray import serve as ray_serve

from serve import drop_in
from serve.app import application
from serve.dialect.property_values import Address
from serve.drop_in import DropIn, DropInError
from serve.settings import Settings, SettingsError

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    given = flags().parse_args(arguments)
    # One way to end, whoever asks for it; a parent may have told us to ignore Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Of a terminal that closes, nohup's word counts.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        serve(settings_of(given), in_torchserves_place=given.drop_in)
    except (SettingsError, DropInError) as error:
        log.error("%s", error)
        return 2
    except KeyboardInterrupt:
        log.info("ended")
    return 0


def flags() -> argparse.ArgumentParser:
    """Names are torchserve's where it has the same."""
    parser = argparse.ArgumentParser(prog="python -m serve.run", description=__doc__)
    parser.add_argument("--ts-config", help="TorchServe's config.properties")
    parser.add_argument("--model-store", help="folder of the archives")
    parser.add_argument(
        "--models",
        nargs="+",
        help="archives, each model.mar or name=model.mar, or all; instead of load_models",
    )
    parser.add_argument("--ncs", action="store_true", help="keep and restore no snapshot")
    parser.add_argument("--disable-token-auth", action="store_true")
    parser.add_argument("--enable-model-api", action="store_true")
    parser.add_argument(
        "--drop-in",
        action="store_true",
        help="also listen where TorchServe would: three HTTP ports and two of gRPC",
    )
    return parser


def settings_of(given: argparse.Namespace) -> Settings:
    named = {
        "SKIN_TS_CONFIG": given.ts_config,
        "SKIN_MODEL_STORE": given.model_store,
        "SKIN_ARCHIVE": given.models and ",".join(given.models),
        "SKIN_SNAPSHOT": "" if given.ncs else None,
    }
    env = {name: value for name, value in named.items() if value is not None}
    settings = Settings.from_env({**os.environ, **env})
    config = settings.config
    return replace(
        settings,
        config=replace(
            config,
            disable_token_authorization=config.disable_token_authorization
            or given.disable_token_auth,
            model_api_enabled=config.model_api_enabled or given.enable_model_api,
        ),
    )


def serve(settings: Settings, *, in_torchserves_place: bool) -> None:
    """Until it is interrupted."""
    front = application(settings)
    try:
        try:
            ray_serve.run(front)
        except RuntimeError as error:
            raise SettingsError(f"The front could not start: {error}") from error
        log.info("http://%s:%s; Ctrl-C ends it", settings.host, settings.port)
        if in_torchserves_place:
            asyncio.run(drop_in.run(drop_in_of(settings)))
        signal.pause()
    finally:
        ray_serve.shutdown()
        ray.shutdown()


def drop_in_of(settings: Settings) -> DropIn:
    config = settings.config
    return DropIn(
        backend=f"http://{settings.host}:{settings.port}",
        grpc_backend=f"{settings.host}:{settings.grpc_port}",
        inference_address=config.inference_address,
        management_address=config.management_address,
        metrics_address=config.metrics_address,
        grpc_inference_address=Address(
            host=config.grpc_inference_address,
            port=config.grpc_inference_port,
            secure=config.enable_grpc_ssl,
        ),
        grpc_management_address=Address(
            host=config.grpc_management_address,
            port=config.grpc_management_port,
            secure=config.enable_grpc_ssl,
        ),
        certificate_file=config.certificate_file,
        private_key_file=config.private_key_file,
        max_request_size=config.max_request_size,
        enable_metrics_api=config.enable_metrics_api,
    )


if __name__ == "__main__":
    sys.exit(main())
