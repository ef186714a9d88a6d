"""TorchServe's own ports, in front of a Ray Serve that has one for HTTP and one for gRPC."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from serve import drop_in_grpc, drop_in_headers, drop_in_http
from serve.dialect.property_values import Address

log = logging.getLogger(__name__)

# How long calls that are under way may still take when this ends.
GRACE_S = 10


class DropInError(Exception):
    """A setting that can't work; the text names it."""


@dataclass(frozen=True, kw_only=True)
class DropIn:
    """Names and defaults are TorchServe's settings.

    HTTP addresses that are the same make one that serves all paths, as TorchServe does.
    """

    backend: str
    grpc_backend: str
    inference_address: Address = Address(port=8080)
    management_address: Address = Address(port=8081)
    metrics_address: Address = Address(port=8082)
    grpc_inference_address: Address = Address(port=7070)
    grpc_management_address: Address = Address(port=7071)
    certificate_file: Path | None = None
    private_key_file: Path | None = None
    max_request_size: int = 6_553_500
    enable_metrics_api: bool = True

    @property
    def http_addresses(self) -> dict[str, Address]:
        metrics = {"metrics": self.metrics_address} if self.enable_metrics_api else {}
        return {
            "inference": self.inference_address,
            "management": self.management_address,
        } | metrics


async def run(config: DropIn) -> None:
    """Until it is cancelled; raises DropInError if it can't begin."""
    async with listening(config):
        await asyncio.Event().wait()


@asynccontextmanager
async def listening(config: DropIn) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await listen_for_http(config, stack)
        await listen_for_grpc(config, stack)
        yield


def of_a_bug(record: logging.LogRecord) -> bool:
    """Whoever sends what is no HTTP has been answered so, and is no news."""
    error = record.exc_info and record.exc_info[1]
    return not isinstance(error, BadHttpMessage)


async def listen_for_http(config: DropIn, stack: AsyncExitStack) -> None:
    stack.enter_context(drop_in_headers.bytes_kept())
    log.addFilter(of_a_bug)
    pool = await stack.enter_async_context(drop_in_http.session())
    ports: dict[Address, list[str]] = {}
    for name, address in config.http_addresses.items():
        ports.setdefault(address, []).append(name)
    for address, names in ports.items():
        app = drop_in_http.application(config.backend, pool, config.max_request_size, names)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=log,
            # A client that goes away takes its request to the backend with it.
            handler_cancellation=True,
            auto_decompress=False,
            shutdown_timeout=GRACE_S,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        context = tls_context(config) if address.secure else None
        site = web.TCPSite(runner, address.host, address.port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            raise taken(f"{names[0]}_address", address) from error


async def listen_for_grpc(config: DropIn, stack: AsyncExitStack) -> None:
    backend = await stack.enter_async_context(drop_in_grpc.channel(config.grpc_backend))
    for setting, address, methods in (
        ("grpc_inference_address", config.grpc_inference_address, drop_in_grpc.INFERENCE),
        ("grpc_management_address", config.grpc_management_address, drop_in_grpc.MANAGEMENT),
    ):
        server = drop_in_grpc.server(backend, methods, config.max_request_size)
        stack.push_async_callback(server.stop, GRACE_S)
        host = f"[{address.host}]" if ":" in address.host else address.host
        where = f"{host}:{address.port}"
        try:
            if address.secure:
                server.add_secure_port(where, grpc_credentials(config))
            else:
                server.add_insecure_port(where)
        except RuntimeError as error:
            raise taken(setting, address) from error
        await server.start()


def taken(setting: str, address: Address) -> DropInError:
    return DropInError(
        f"Port {address.port} on {address.host} is in use or not ours to listen on: free it, or "
        f"give {setting} another."
    )


def tls_context(config: DropIn) -> ssl.SSLContext:
    certificate, key = pem_files(config)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise DropInError(
            f"certificate_file {certificate} and private_key_file {key} are no pair of PEM "
            f"files: {error}."
        ) from error
    return context


def grpc_credentials(config: DropIn) -> grpc.ServerCredentials:
    tls_context(config)  # gRPC itself would say no more than that the port can't be had
    certificate, key = pem_files(config)
    return grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])


def pem_files(config: DropIn) -> tuple[Path, Path]:
    if config.certificate_file is None or config.private_key_file is None:
        raise DropInError("TLS needs certificate_file and private_key_file, both PEM files.")
    return config.certificate_file, config.private_key_file
