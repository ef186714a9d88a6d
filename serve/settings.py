"""Where the model is, how many replicas run it, and where they listen."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from registry.address import RegistryError
from registry.download import CONFIG_NAME, files, is_registered

ROOT = Path(__file__).parents[1]


class SettingsError(Exception):
    """A setting that can't work; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The batching is TorchServe's own file, so that both backends batch alike."""

    model: Path
    model_config: Path
    host: str
    port: int
    replicas: int
    batch_size: int
    batch_delay_s: float

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        here = ROOT / "mar_config"
        batching = yaml.safe_load(
            Path(env.get("SKIN_BATCHING", here / "model-config.yaml")).read_text()
        )
        port = env.get("SKIN_RAY_PORT", "8000")
        if not port.isdecimal() or not 1 <= int(port) <= 65535:
            raise SettingsError(f"SKIN_RAY_PORT must be a port, 1 to 65535, not {port!r}.")
        model, config = located(env)
        return cls(
            model=model,
            model_config=config,
            host=env.get("SKIN_HOST", "127.0.0.1"),
            port=int(port),
            replicas=batching["minWorkers"],
            batch_size=batching["batchSize"],
            batch_delay_s=batching["maxBatchDelay"] / 1000,
        )


def located(env: Mapping[str, str]) -> tuple[Path, Path]:
    """Model and model config; what the registry has is downloaded, to be read by every replica."""
    model, config = env.get("SKIN_MODEL"), env.get("SKIN_MODEL_CONFIG")
    if model is None or not is_registered(model):
        file = Path(model or ROOT / "model_store" / "skin_vit.pt")
        return file.resolve(), Path(config or ROOT / "mar_config" / CONFIG_NAME).resolve()
    if config is not None:
        raise SettingsError(f"SKIN_MODEL_CONFIG must not be set: {model} has its own.")
    store = Path(env.get("SKIN_MODEL_STORE", ROOT / "model_store")).resolve()
    try:
        return files(model, store / "registered", env)
    except RegistryError as error:
        raise SettingsError(f"SKIN_MODEL can't be had: {error}") from error
