"""`python -m serve.run --drop-in` with a folder, ports and config.properties of its own."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import ROOT, free_ports
from tests.contract import archives

READY_WITHIN_S = 180
HTTP = ("inference", "management", "metrics")
GRPC = ("grpc_inference", "grpc_management")
OWN = ("ray", "ray_grpc")


@dataclass(frozen=True, kw_only=True)
class Place:
    """With a certificate, TorchServe's ports speak TLS."""

    folder: Path
    ports: dict[str, int]
    certificate: Path | None = None

    @property
    def snapshot(self) -> Path:
        return self.folder / "logs" / "ray" / "snapshot.cfg"

    def key(self, kind: str) -> str:
        keys = json.loads((self.folder / "logs" / "ray" / "key_file.json").read_text())
        return str(keys[kind]["key"])

    def ask(
        self,
        port: str,
        key: str | None,
        method: str,
        path: str,
        act: str = "echo",
        **sent: Any,  # noqa: ANN401  # what httpx sends
    ) -> httpx.Response:
        headers = {"x-act": act, "content-type": "text/plain"}
        token = {"authorization": f"Bearer {self.key(key)}"} if key else {}
        secure = self.certificate and port not in OWN
        return httpx.request(
            method,
            f"http{'s' if secure else ''}://127.0.0.1:{self.ports[port]}{path}",
            headers=headers | token,
            timeout=60,
            **sent,
            verify=ssl.create_default_context(cafile=self.certificate),
        )


def place_in(folder: Path, *settings: str, certificate: Path | None = None) -> Place:
    """Serves `acting`, and what is registered."""
    archives.fill(folder)
    names = (*HTTP, *GRPC, *OWN)
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    scheme = "https" if certificate else "http"
    lines = [
        *(f"{name}_address={scheme}://127.0.0.1:{ports[name]}" for name in HTTP),
        *(f"{name}_port={ports[name]}" for name in GRPC),
        "enable_model_api=true",
        "load_models=acting.mar",
        "default_workers_per_model=1",
        *settings,
    ]
    (folder / "config.properties").write_text("\n".join(lines))
    return Place(folder=folder, ports=ports, certificate=certificate)


def command(place: Place) -> tuple[list[str], dict[str, str]]:
    words = ["--drop-in", "--ts-config", str(place.folder / "config.properties")]
    env = {
        **os.environ,
        "SKIN_MODEL_STORE": str(place.folder),
        "SKIN_LOGS": str(place.folder / "logs"),
        "SKIN_RAY_PORT": str(place.ports["ray"]),
        "SKIN_RAY_GRPC_PORT": str(place.ports["ray_grpc"]),
    }
    return [sys.executable, "-m", "serve.run", *words], env


@contextmanager
def started(place: Place) -> Iterator[None]:
    words, env = command(place)
    log = place.folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            words, cwd=ROOT, env=env, stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while "Ctrl-C ends it" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.3)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 0, log.read_text()
