"""A real MLflow server of a test's own, started and killed as often as it likes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import mlflow
from mlflow.entities import Run

from registry.versions import EXPERIMENT
from tests.conftest import free_ports

READY_WITHIN_S = 180


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


class Server:
    """`mlflow server` on one database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.process is not None:
            return
        command = ["-m", "mlflow", "server", "--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                env=os.environ | quiet,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(lambda: answers(f"{self.url}/health"), READY_WITHIN_S)

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def runs(self, name: str) -> list[Run]:
        client = mlflow.MlflowClient(self.url)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment is not None
        named = f"tags.mlflow.runName = '{name}'"
        return list(client.search_runs([experiment.experiment_id], named))

    def losses(self, run: Run) -> list[tuple[int, float]]:
        history = mlflow.MlflowClient(self.url).get_metric_history(run.info.run_id, "loss")
        return [(point.step, point.value) for point in history]


def wait_for(true: Callable[[], object], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
