"""`python -m serve.run` in TorchServe's place: its ports, its tokens, its snapshot."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, free_ports
from tests.contract import archives

READY_WITHIN_S = 180
PORTS = ("inference", "management", "metrics")
ECHO = {"x-act": "echo", "content-type": "text/plain"}


@dataclass(frozen=True, kw_only=True)
class Place:
    folder: Path
    ports: dict[str, int]

    @property
    def snapshot(self) -> Path:
        return self.folder / "logs" / "ray" / "snapshot.cfg"

    def key(self, kind: str) -> str:
        keys = json.loads((self.folder / "logs" / "ray" / "key_file.json").read_text())
        return str(keys[kind]["key"])

    def ask(
        self, port: str, key: str | None, method: str, path: str, **sent: str
    ) -> httpx.Response:
        headers = ECHO | ({"authorization": f"Bearer {self.key(key)}"} if key else {})
        url = f"http://127.0.0.1:{self.ports[port]}{path}"
        return httpx.request(method, url, headers=headers, params=sent, timeout=60)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("in_its_place")
    archives.fill(folder)
    numbers = free_ports(7)
    http, grpc, own = numbers[:3], numbers[3:5], numbers[5:]
    lines = [
        *(f"{name}_address=http://127.0.0.1:{n}" for name, n in zip(PORTS, http, strict=True)),
        f"grpc_inference_port={grpc[0]}",
        f"grpc_management_port={grpc[1]}",
        "enable_model_api=true",
        "load_models=acting.mar",
        "default_workers_per_model=1",
    ]
    (folder / "config.properties").write_text("\n".join(lines))
    return Place(
        folder=folder, ports=dict(zip((*PORTS, "ray", "grpc"), [*http, *own], strict=True))
    )


def command(place: Place) -> tuple[list[str], dict[str, str]]:
    words = ["--drop-in", "--ts-config", str(place.folder / "config.properties")]
    env = {
        **os.environ,
        "SKIN_MODEL_STORE": str(place.folder),
        "SKIN_LOGS": str(place.folder / "logs"),
        "SKIN_RAY_PORT": str(place.ports["ray"]),
        "SKIN_RAY_GRPC_PORT": str(place.ports["grpc"]),
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


def test_a_torchserve_client_needs_no_change_and_what_is_registered_survives(place: Place) -> None:
    with started(place):
        assert place.ask("inference", "inference", "POST", "/predictions/acting").status_code == 200
        assert place.ask("inference", "inference", "GET", "/models").status_code == 404
        assert (
            place.ask("management", "management", "GET", "/predictions/acting").status_code == 404
        )
        assert place.ask("metrics", None, "GET", "/metrics").status_code == 200

        for port, key in (("inference", None), ("inference", "management"), ("management", "API")):
            refused = place.ask(port, key, "GET", "/ping")
            assert refused.status_code == 400
            assert refused.json()["type"] == "InvalidKeyException"

        old = place.key("inference")
        assert place.ask("management", "API", "GET", "/token", type="inference").status_code == 200
        assert place.key("inference") != old
        assert place.ask("inference", "inference", "GET", "/ping").json() == {"status": "Healthy"}

        wanted = {"url": "acting_in_batches.mar", "model_name": "acting", "initial_workers": "1"}
        assert place.ask("management", "management", "POST", "/models", **wanted).status_code == 200
        default = place.ask("management", "management", "PUT", "/models/acting/2.0/set-default")
        assert default.status_code == 200
        kept = place.ask("management", "management", "DELETE", "/models/acting/2.0")
        assert kept.status_code == 403

    with started(place):
        answer = place.ask("inference", "inference", "POST", "/predictions/acting")
        assert answer.json()["version"] == "2.0"
        both = place.ask("management", "management", "GET", "/models/acting/all").json()
        shown = {one["modelVersion"]: (one["batchSize"], one["maxWorkers"]) for one in both}
        assert shown == {"1.0": (1, 1), "2.0": (4, 1)}


def test_a_damaged_snapshot_is_named_and_left_alone(place: Place) -> None:
    place.snapshot.parent.mkdir(parents=True, exist_ok=True)
    place.snapshot.write_text("model_snapshot={")
    words, env = command(place)

    ended = subprocess.run(
        words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert f"The snapshot {place.snapshot} can't be restored" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert place.snapshot.read_text() == "model_snapshot={"


def test_a_missing_archive_is_named(place: Place, tmp_path: Path) -> None:
    words, env = command(place)
    env |= {"SKIN_MODEL_STORE": str(tmp_path), "SKIN_LOGS": str(tmp_path)}

    ended = subprocess.run(
        words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert "Model not found at: acting.mar" in ended.stderr
    assert "python -m mar_config.build" in ended.stderr
