"""`python -m train.tune` with a real Ray Tune, on generated lesions: stopped, killed, ended."""

import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Run

from train import checkpoint
from train.config import TrainConfig, parse
from up.processes import MARK, marked

pytestmark = pytest.mark.long

ENDED_WITHIN_S = 120


class Command:
    """The study's command, whose processes all bear a mark by which they are found again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = f"sqlite:///{folder}/mlflow.db"
        self.environment = os.environ | {
            MARK: secrets.token_hex(8),
            "MLFLOW_TRACKING_URI": self.uri,
        }
        self.process: subprocess.Popen[str] | None = None

    def start(self, *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "train.tune", *flags],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def told_until(self, text: str) -> str:
        assert self.process is not None
        assert self.process.stderr is not None
        told = ""
        while text not in told:
            line = self.process.stderr.readline()
            assert line, told
            told += line
        return told

    def told(self) -> str:
        """All that it tells until its end."""
        assert self.process is not None
        _, told = self.process.communicate(timeout=600)
        return told

    def interrupted(self) -> str:
        """What it tells after Ctrl-C, by which it ends all that it started."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        told = self.told()
        assert self.process.returncode == 130, told
        self.wait_for_all(ENDED_WITHIN_S)
        return told

    def kill(self) -> None:
        """The study and all it started, as a machine that is switched off would."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
        self.wait_for_all(ENDED_WITHIN_S)

    def wait_for_all(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while left := marked(self.environment[MARK]):
            if time.monotonic() > deadline:
                for process in left:
                    process.kill()
                pytest.fail(f"left over: {left}")
            time.sleep(0.5)

    def runs(self) -> dict[str, Run]:
        """The study's run and its trials' in MLflow, by name."""
        client = mlflow.MlflowClient(self.uri)
        experiment = client.get_experiment_by_name("skin-lesions")
        assert experiment is not None
        found = client.search_runs([experiment.experiment_id])
        return {str(run.info.run_name): run for run in found}


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    command.kill()


def test_a_study_goes_on_after_ctrl_c_and_when_killed_and_ends_with_its_table(
    command: Command, tmp_path: Path
) -> None:
    command.start("--model", "test_vit", "--epochs", "3", "--trials", "2")
    command.told_until("trial 1: epoch 1/3")
    first = command.interrupted()
    states = {run.info.status for run in command.runs().values()}
    command.start("--resume")
    second = command.told_until("trial 2: epoch 1/3")
    command.kill()
    command.start("--resume")

    last = command.told()

    assert "2 trials are not done; go on with: python -m train.tune --resume" in first
    assert "Tuner.restore" not in first
    assert "Traceback" not in first
    assert states == {"KILLED"}
    assert "trial 1: epoch 1/3" not in second
    assert "trial 1: epoch 3/3" in second
    assert "trial 1: finished" in second
    assert command.process is not None
    assert command.process.returncode == 0, last
    assert "trial 1:" not in last.replace("best: trial 1,", "")
    assert "trial 2: epoch 1/3" not in last
    (folder,) = (tmp_path / "model_store" / "studies").iterdir()
    table = pd.read_csv(folder / "trials.csv")
    assert sorted(table["trial"]) == [1, 2]
    assert set(table["status"]) <= {"finished", "stopped early"}
    best = table.iloc[0]
    assert best["balanced_accuracy"] == table["balanced_accuracy"].max()
    assert f"best: trial {best['trial']}, " in last
    saved = checkpoint.read(Path(best["checkpoint"]))
    assert f"train it: {saved.training['command']}" in last
    values, _ = parse(shlex.split(str(saved.training["command"]))[3:])
    assert TrainConfig.resolved(values).lr == best["lr"]
    assert not (tmp_path / "model_store" / "best_model.pth").exists()
    runs = command.runs()
    study = runs.pop(folder.name)
    assert study.info.status == "FINISHED"
    assert set(runs) == {f"{folder.name}-001", f"{folder.name}-002"}
    for number, run in enumerate((runs[name] for name in sorted(runs)), start=1):
        (row,) = table[table["trial"] == number].to_dict("records")
        status = {"finished": "FINISHED", "stopped early": "KILLED"}[row["status"]]
        assert run.info.status == status
        assert run.data.tags["mlflow.parentRunId"] == study.info.run_id
        assert float(run.data.params["lr"]) == row["lr"]
    client = mlflow.MlflowClient(command.uri)
    history = client.get_metric_history(runs[f"{folder.name}-001"].info.run_id, "loss")
    assert [point.step for point in history] == [0, 1, 2]
    artefacts = client.list_artifacts(study.info.run_id)
    assert [artefact.path for artefact in artefacts] == ["trials.csv"]
