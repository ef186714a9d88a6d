"""A run whose worker is killed: the same weights in the same MLflow run as if nothing had been."""

import subprocess
from pathlib import Path
from typing import Any

import mlflow
import psutil
import pytest
import torch

from tests.training.conftest import THREE_EPOCHS, Start, finished


def worker_of(process: "subprocess.Popen[str]") -> psutil.Process:
    """The process of Ray Train's one worker; what it forked to load images bears its name too."""
    named = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if child.name().startswith("ray::RayTrainWo")
    ]
    return min(named, key=lambda child: child.create_time())


def wait_until_in_the_middle_of_epoch_2(process: "subprocess.Popen[str]") -> None:
    assert process.stderr is not None
    line = ""
    while not (line.startswith("epoch 2/3") and " 0/384" not in line and "384/384" not in line):
        assert process.poll() is None
        line = process.stderr.readline()


def final_state(folder: Path) -> dict[str, Any]:
    """All that a step changes, after the last epoch: weights, their average, moments."""
    states = [
        torch.load(file, weights_only=True)
        for file in folder.glob("model_store/runs/*/checkpoint_*/state.pt")
    ]
    (last,) = [state for state in states if state["epoch"] == 3]
    stepper: dict[str, Any] = last["stepper"]
    return stepper


def tensors(value: Any) -> list[torch.Tensor]:  # noqa: ANN401  # any nest of dicts and lists
    if isinstance(value, dict):
        return [tensor for inner in value.values() for tensor in tensors(inner)]
    if isinstance(value, list):
        return [tensor for inner in value for tensor in tensors(inner)]
    return [value] if isinstance(value, torch.Tensor) else []


@pytest.mark.long
@pytest.mark.skipif(torch.cuda.is_available(), reason="bit-equality is promised on CPU")
def test_a_worker_killed_within_an_epoch_changes_no_bit_and_no_mlflow_run(
    unbroken: tuple[Path, str], start: Start, uri: str, tmp_path: Path
) -> None:
    broken = start(*THREE_EPOCHS, tracking_uri=uri)
    wait_until_in_the_middle_of_epoch_2(broken)

    worker_of(broken).kill()
    finished(broken)

    expected, found = (tensors(final_state(folder)) for folder in (unbroken[0], tmp_path))
    assert len(expected) > 300
    assert all(torch.equal(one, other) for one, other in zip(expected, found, strict=True))
    client = mlflow.MlflowClient(uri)
    (run_folder,) = (tmp_path / "model_store" / "runs").iterdir()
    experiment = client.get_experiment_by_name("skin-lesions")
    assert experiment is not None
    (run,) = client.search_runs(
        [experiment.experiment_id], f"attributes.run_name = '{run_folder.name}'", order_by=[]
    )
    assert run.info.status == "FINISHED"
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [point.step for point in history] == [0, 1, 2]
