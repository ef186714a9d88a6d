"""`python -m train.run` with a real Ray Train, on generated lesions."""

import re
import signal
from pathlib import Path

import mlflow
import pytest
import torch
from mlflow.entities import Run

from tests.training.conftest import THREE_EPOCHS, Start, finished
from train import checkpoint, pth_to_pt
from train.precision import Precision

CHANCE = 1 / 8


def runs(uri: str, folder: Path) -> list[Run]:
    """The runs in MLflow that were started below `folder`, whose name they carry."""
    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name("skin-lesions")
    assert experiment is not None
    names = {path.name for path in (folder / "model_store" / "runs").iterdir()}
    found = client.search_runs([experiment.experiment_id])
    return [run for run in found if run.info.run_name in names]


def test_a_run_learns_and_mlflow_holds_all_of_it(unbroken: tuple[Path, str], uri: str) -> None:
    folder, told = unbroken

    assert "training on generated drawings" in told
    assert re.search(r"0 lesions and 0 groups of near-duplicates on both sides", told)
    assert re.search(r"a random split would have leaked \d+ lesions", told)
    assert re.search(r"epoch 3/3:.*384/384 .*image/s", told)
    before, after = told.split("epoch 2/3", maxsplit=1)
    assert "loss=" in before
    assert "best=" not in before
    assert "best=" in after
    saved = checkpoint.read(folder / "model_store" / "best_model.pth")
    assert saved.training["command"] == " ".join(("python -m train.run", *THREE_EPOCHS))
    assert float(saved.training["balanced_accuracy"]) > 3 * CHANCE
    assert saved.training["precision"] == Precision("auto", torch.device("cpu")).name
    (run,) = runs(uri, folder)
    assert run.info.status == "FINISHED"
    assert run.data.params["model"] == "test_vit"
    assert run.data.params["split_sha256"] == saved.training["split_sha256"]
    assert re.fullmatch(r"[0-9a-f]{40}\+?", run.data.tags["mlflow.source.git.commit"])
    client = mlflow.MlflowClient(uri)
    for metric in ("loss", "balanced_accuracy"):
        history = client.get_metric_history(run.info.run_id, metric)
        assert [point.step for point in history] == [0, 1, 2]
    artefacts = {artefact.path for artefact in client.list_artifacts(run.info.run_id)}
    assert artefacts == {"best_model.pth", "confusion_matrix.png", "split.csv"}


@pytest.mark.long
def test_two_workers_train_together_and_without_a_server_into_a_local_file(
    start: Start, tmp_path: Path
) -> None:
    told = finished(start("--workers", "2", "--epochs", "2", "--keep", "last", tracking_uri=None))

    local = f"sqlite:///{tmp_path}/model_store/mlflow.db"
    assert "no MLflow server at http://127.0.0.1:5001" in told
    assert local in told
    (run,) = runs(local, tmp_path)
    assert run.data.params["workers"] == "2"
    assert run.info.status == "FINISHED"
    history = mlflow.MlflowClient(local).get_metric_history(run.info.run_id, "balanced_accuracy")
    # Looked at once, where nothing is left to choose.
    assert [point.step for point in history] == [1]
    saved = checkpoint.read(tmp_path / "model_store" / "best_model.pth")
    assert (saved.training["epoch"], saved.training["keep"]) == (2, "last")


@pytest.mark.long
def test_after_ctrl_c_the_checkpoint_is_usable_and_resume_goes_on_in_the_same_run(
    start: Start, uri: str, tmp_path: Path
) -> None:
    process = start("--epochs", "2", tracking_uri=uri)
    assert process.stderr is not None
    while "epoch 2/2" not in process.stderr.readline():
        assert process.poll() is None

    process.send_signal(signal.SIGINT)
    told = finished(process)

    assert "stopping after this step" in told
    assert "--resume" in told
    (stopped,) = runs(uri, tmp_path)
    assert stopped.info.status == "KILLED"
    store = tmp_path / "model_store"
    exported = ["--checkpoint", str(store / "best_model.pth"), "--out", str(tmp_path / "m.pt")]
    assert pth_to_pt.main([*exported, "--config", str(tmp_path / "m.json")]) == 0

    finished(start("--resume", tracking_uri=uri))

    (resumed,) = runs(uri, tmp_path)
    assert resumed.info.run_id == stopped.info.run_id
    assert resumed.info.status == "FINISHED"
    history = mlflow.MlflowClient(uri).get_metric_history(resumed.info.run_id, "loss")
    assert [point.step for point in history] == [0, 1]
    # What the run itself had put there is no model of before.
    assert not (store / "previous_model.pth").exists()


def test_a_mistake_is_one_sentence(start: Start, tmp_path: Path) -> None:
    process = start("--data", "nowhere", tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")

    _, told = process.communicate(timeout=120)

    assert process.returncode == 2
    assert "There is no folder" in told
    assert "Traceback" not in told
