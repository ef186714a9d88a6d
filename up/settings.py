"""Where each server listens; the same SKIN_* variables that the servers themselves read."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]

DEFAULT_PORTS = {
    "SKIN_TORCHSERVE_PORT": 8080,
    "SKIN_TORCHSERVE_MANAGEMENT_PORT": 8081,
    "SKIN_TORCHSERVE_METRICS_PORT": 8082,
    "SKIN_TORCHSERVE_GRPC_PORT": 7070,
    "SKIN_TORCHSERVE_GRPC_MANAGEMENT_PORT": 7071,
    "SKIN_RAY_PORT": 8000,
    "SKIN_RAY_GRPC_PORT": 9000,
    "SKIN_MLFLOW_PORT": 5001,
    "SKIN_PAGE_PORT": 8501,
}


class SettingsError(Exception):
    """A setting that can't work; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    host: str
    ports: dict[str, int]
    logs: Path

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        ports = {name: port_of(env, name) for name in DEFAULT_PORTS}
        for name, port in ports.items():
            if others := [other for other in ports if other != name and ports[other] == port]:
                raise SettingsError(
                    f"{name} and {others[0]} are both {port}: give each a port of its own."
                )
        host = env.get("SKIN_HOST") or "127.0.0.1"
        if ":" in host:
            raise SettingsError(
                f"SKIN_HOST must be a name or an IPv4 address, not {host!r}: TorchServe and MLflow"
                " take no other here."
            )
        return cls(
            host=host,
            ports=ports,
            logs=Path(env.get("SKIN_LOGS") or ROOT / "logs").resolve(),
        )

    def url(self, port: str) -> str:
        return f"http://{self.host}:{self.ports[port]}"


def port_of(env: Mapping[str, str], name: str) -> int:
    value = env.get(name) or str(DEFAULT_PORTS[name])
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise SettingsError(f"{name} must be a port, 1 to 65535, not {value!r}.")
    return int(value)
