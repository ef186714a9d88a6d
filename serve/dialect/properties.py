"""TorchServe's config.properties, as far as this project honours it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from serve.dialect import property_values as value
from serve.dialect.property_file import PropertiesError
from serve.dialect.property_source import PropertySource
from serve.dialect.property_values import Address, ModelToLoad

__all__ = ["Address", "ModelToLoad", "PropertiesError", "ServerConfig"]

INFERENCE = Address(host="127.0.0.1", port=8080)
MANAGEMENT = Address(host="127.0.0.1", port=8081)
METRICS = Address(host="127.0.0.1", port=8082)
READERS: dict[str, Callable[[str], object]] = {
    "inference_address": value.address(http_port=80, https_port=443),
    "management_address": value.address(http_port=8081, https_port=8444),
    "metrics_address": value.address(http_port=8082, https_port=8445),
    "grpc_inference_address": value.host,
    "grpc_inference_port": value.port,
    "grpc_management_address": value.host,
    "grpc_management_port": value.port,
    "enable_grpc_ssl": value.flag,
    "private_key_file": value.optional_path,
    "certificate_file": value.optional_path,
    "model_store": value.optional_path,
    "load_models": value.models_to_load,
    "models": value.optional_text,
    "model_snapshot": value.optional_text,
    "allowed_urls": value.patterns,
    "enable_model_api": value.flag,
    "disable_token_authorization": value.flag,
    "token_expiration_min": value.minutes,
    "default_workers_per_model": value.whole(0),
    "job_queue_size": value.whole(1),
    "default_response_timeout": value.whole(1),
    "default_startup_timeout": value.whole(1),
    "max_request_size": value.whole(1),
    "max_response_size": value.whole(1),
    "service_envelope": value.envelope,
    "limit_max_image_pixels": value.flag,
    "enable_metrics_api": value.flag,
    "blacklist_env_vars": value.pattern,
    "response_cache_size": value.whole(0),
    "strict_ping": value.flag,
}
FIELDS = {"enable_model_api": "model_api_enabled"}
INSTEAD_OF_KEYSTORE = "use private_key_file and certificate_file, both PEM files."


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """Names are TorchServe's; times are seconds, sizes bytes. The last two are our own.

    `ignored` are the keys that stand in the file and change nothing here.
    """

    inference_address: Address = INFERENCE
    management_address: Address = MANAGEMENT
    metrics_address: Address = METRICS
    grpc_inference_address: str = "127.0.0.1"
    grpc_inference_port: int = 7070
    grpc_management_address: str = "127.0.0.1"
    grpc_management_port: int = 7071
    enable_grpc_ssl: bool = False
    private_key_file: Path | None = None
    certificate_file: Path | None = None
    model_store: Path | None = None
    load_models: tuple[ModelToLoad, ...] = ()
    models: str | None = None
    model_snapshot: str | None = None
    allowed_urls: tuple[str, ...] = ()
    model_api_enabled: bool = False
    disable_token_authorization: bool = False
    token_expiration_min: float = 60
    default_workers_per_model: int | None = None
    job_queue_size: int = 100
    default_response_timeout: int = 120
    default_startup_timeout: int = 120
    max_request_size: int = 20_000_000
    max_response_size: int = 6_553_500
    service_envelope: str | None = None
    limit_max_image_pixels: bool = True
    enable_metrics_api: bool = True
    blacklist_env_vars: str = ""
    response_cache_size: int = 0
    strict_ping: bool = True
    ignored: tuple[str, ...] = ()

    @property
    def load_all_models(self) -> bool:
        return [one.url.lower() for one in self.load_models] == ["all"]

    @classmethod
    def read(cls, path: Path | None, env: Mapping[str, str]) -> Self:
        """TS_CONFIG_FILE comes before `path`; without a file it is all defaults.

        Raises PropertiesError.
        """
        chosen = Path(env["TS_CONFIG_FILE"]) if env.get("TS_CONFIG_FILE") else path
        source = PropertySource(chosen, env)
        if keystore := source.get("keystore"):
            raise PropertiesError(f"{keystore.place} is not supported: {INSTEAD_OF_KEYSTORE}")
        values: dict[str, Any] = {
            FIELDS.get(key, key): found.read(reader)
            for key, reader in READERS.items()
            if (found := source.get(key))
        }
        return cls(**values, ignored=tuple(source.beyond(READERS)))
