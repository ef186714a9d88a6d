"""Which backends there are, where they answer, and which is chosen at first."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from streamlit_app.tokens import KeyFile

LOGS = Path(__file__).parents[1] / "logs"

PORTS = {
    "SKIN_TORCHSERVE_PORT": "8080",
    "SKIN_TORCHSERVE_MANAGEMENT_PORT": "8081",
    "SKIN_RAY_PORT": "8000",
}


class SettingsError(ValueError):
    """A setting that can't work; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    name: str
    url: str
    keys: KeyFile
    start_command: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    backends: tuple[Backend, ...]
    chosen: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """SKIN_BACKEND is torchserve or ray; SKIN_TORCHSERVE_URL and SKIN_RAY_URL are base URLs."""
        torchserve, management, ray = (address(env, name) for name in PORTS)
        torchserve = base_url(env, "SKIN_TORCHSERVE_URL", torchserve)
        ray = base_url(env, "SKIN_RAY_URL", ray)
        logs = Path(env.get("SKIN_LOGS") or LOGS)
        backends = {
            "torchserve": Backend(
                name="TorchServe",
                url=torchserve,
                keys=KeyFile(
                    path=Path(
                        env.get("SKIN_TORCHSERVE_KEYS") or logs / "torchserve" / "key_file.json"
                    ),
                    management=on_host_of(torchserve, management),
                ),
                start_command="mar_config/start_torchserve.sh",
            ),
            "ray": Backend(
                name="Ray Serve",
                url=ray,
                keys=KeyFile(
                    path=Path(env.get("SKIN_RAY_KEYS") or logs / "ray" / "key_file.json"),
                    management=ray,
                ),
                start_command="serve run serve.app:deployment",
            ),
        }
        chosen = env.get("SKIN_BACKEND") or "torchserve"
        if chosen not in backends:
            raise SettingsError(f"SKIN_BACKEND must be torchserve or ray, not {chosen!r}.")
        return cls(backends=tuple(backends.values()), chosen=list(backends).index(chosen))


def base_url(env: Mapping[str, str], name: str, default: str) -> str:
    given = env.get(name) or default
    try:
        found = httpx.URL(given)
        # As it is when it is looked up.
        is_one = found.scheme in ("http", "https") and found.host.encode("idna") != b""
    except (httpx.InvalidURL, UnicodeError):
        is_one = False
    if not is_one:
        raise SettingsError(f"{name} must be an address as {default}, not {given!r}.")
    # Paths are put behind it.
    return given.rstrip("/")


def on_host_of(url: str, other: str) -> str:
    """`other`'s port, where `url` is: a key is sent to no other machine."""
    return str(httpx.URL(url).copy_with(port=httpx.URL(other).port, raw_path=b""))


def address(env: Mapping[str, str], name: str) -> str:
    port = env.get(name) or PORTS[name]
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise SettingsError(f"{name} must be a port, 1 to 65535, not {port!r}.")
    host = env.get("SKIN_HOST") or "127.0.0.1"
    try:
        return str(httpx.URL(scheme="http", host=host, port=int(port)))
    except httpx.InvalidURL as error:
        raise SettingsError(f"SKIN_HOST must be a host or an IP address, not {host!r}.") from error
