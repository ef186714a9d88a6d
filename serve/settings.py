"""Where the models are, which of TorchServe's settings hold, and where the front listens."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from registry.address import RegistryError
from registry.download import CONFIG_NAME, files, is_registered
from serve.dialect.properties import PropertiesError, ServerConfig
from serve.dialect.property_values import models_to_load

ROOT = Path(__file__).parents[1]
PORTS = {"SKIN_RAY_PORT": "8000", "SKIN_RAY_GRPC_PORT": "9000"}


class SettingsError(Exception):
    """A setting that can't work; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`model` is served instead of an archive where it is not None. Without `snapshot`, what is
    registered is not kept.
    """

    config: ServerConfig
    store: Path
    snapshot: Path | None
    model: Path | None
    model_config: Path
    host: str
    port: int
    grpc_port: int
    logs: Path

    @property
    def key_file(self) -> Path:
        return self.logs / "key_file.json"

    @property
    def restores(self) -> Path | None:
        """The snapshot, if there is one from before."""
        return self.snapshot if self.snapshot and self.snapshot.is_file() else None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        port, grpc_port = (port_of(env, name) for name in PORTS)
        properties = env.get("SKIN_TS_CONFIG") or ROOT / "mar_config" / "config.properties"
        try:
            config = ServerConfig.read(Path(properties), env)
            if archives := env.get("SKIN_ARCHIVE"):
                config = replace(config, load_models=models_to_load(archives))
        except PropertiesError as error:
            raise SettingsError(str(error)) from error
        except ValueError as error:
            raise SettingsError(f"SKIN_ARCHIVE must be {error}, not {archives!r}.") from error
        model, model_config = located(env)
        logs = Path(env.get("SKIN_LOGS") or ROOT / "logs", "ray").resolve()
        snapshot = env.get("SKIN_SNAPSHOT", str(logs / "snapshot.cfg"))
        return cls(
            config=config,
            store=Path(
                env.get("SKIN_MODEL_STORE") or config.model_store or ROOT / "model_store"
            ).resolve(),
            snapshot=Path(snapshot).resolve() if snapshot and model is None else None,
            model=model,
            model_config=model_config,
            host=env.get("SKIN_HOST") or "127.0.0.1",
            port=port,
            grpc_port=grpc_port,
            logs=logs,
        )


def port_of(env: Mapping[str, str], name: str) -> int:
    port = env.get(name) or PORTS[name]
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise SettingsError(f"{name} must be a port, 1 to 65535, not {port!r}.")
    return int(port)


def located(env: Mapping[str, str]) -> tuple[Path | None, Path]:
    """Model and model config; what the registry has is downloaded."""
    model, config = env.get("SKIN_MODEL"), env.get("SKIN_MODEL_CONFIG")
    if not model or not is_registered(model):
        file = Path(model).resolve() if model else None
        return file, Path(config or ROOT / "mar_config" / CONFIG_NAME).resolve()
    if config:
        raise SettingsError(f"SKIN_MODEL_CONFIG must not be set: {model} has its own.")
    store = Path(env.get("SKIN_MODEL_STORE") or ROOT / "model_store").resolve()
    try:
        return files(model, store / "registered", env)
    except RegistryError as error:
        raise SettingsError(f"SKIN_MODEL can't be had: {error}") from error
