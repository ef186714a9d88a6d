"""Which backends there are, where they answer, and which is chosen at first."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class SettingsError(ValueError):
    """A setting that can't work; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    name: str
    url: str
    start_command: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    backends: tuple[Backend, ...]
    chosen: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """SKIN_BACKEND is torchserve or ray; SKIN_TORCHSERVE_URL and SKIN_RAY_URL are base URLs."""
        for name in ("SKIN_TORCHSERVE_PORT", "SKIN_RAY_PORT"):
            port = env.get(name, "8000")
            if not port.isdecimal() or not 1 <= int(port) <= 65535:
                raise SettingsError(f"{name} must be a port, 1 to 65535, not {port!r}.")
        host = env.get("SKIN_HOST", "127.0.0.1")
        torchserve = f"http://{host}:{env.get('SKIN_TORCHSERVE_PORT', '8080')}"
        ray = f"http://{host}:{env.get('SKIN_RAY_PORT', '8000')}"
        backends = {
            "torchserve": Backend(
                name="TorchServe",
                url=env.get("SKIN_TORCHSERVE_URL", torchserve),
                start_command="mar_config/start_torchserve.sh",
            ),
            "ray": Backend(
                name="Ray Serve",
                url=env.get("SKIN_RAY_URL", ray),
                start_command="serve run serve.app:deployment",
            ),
        }
        chosen = env.get("SKIN_BACKEND", "torchserve")
        if chosen not in backends:
            raise SettingsError(f"SKIN_BACKEND must be torchserve or ray, not {chosen!r}.")
        return cls(backends=tuple(backends.values()), chosen=list(backends).index(chosen))
