"""Runs that log to a file beside them, and were moved with it: the same run in MLflow."""

import logging
from collections import OrderedDict
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking._tracking_service import utils

from train import tracking
from train.followed import followed
from train.send import send_pending

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
)


def test_a_run_that_was_moved_with_its_file_goes_on_as_the_same_in_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    old, new = tmp_path / "old", tmp_path / "new"
    folder = old / "runs" / "one"
    folder.mkdir(parents=True)
    (folder / "split.csv").write_text("before")
    begun = tracking.start(f"sqlite:///{old}/mlflow.db", folder, {"lr": 1}, {})
    tracking.log_files(begun, [folder / "split.csv"])
    delivery = tracking.delivery_of(begun)
    assert delivery.settle(60) == 0
    # Of a process that was killed before it had sent the last of it.
    delivery.begin(0)
    begun.outbox.put({"kind": "metrics", "metrics": {"loss": 0.5}, "step": 0, "time": 1})
    run_id = begun.run_id
    assert run_id is not None
    old.rename(new)
    # As in a new process.
    monkeypatch.setattr(utils, "_artifact_repos_cache", OrderedDict())

    kept = send_pending(new)
    found = tracking.moved(vars(begun), new / "runs" / "one")
    (new / "best_model.pth").write_text("after")
    tracking.finish(found, new / "best_model.pth", None, "FINISHED")

    assert (kept, found.run_id, found.uri) == (0, run_id, f"sqlite:///{new}/mlflow.db")
    assert not old.exists()
    assert "told all of" not in caplog.text
    client = mlflow.MlflowClient(found.uri)
    run = client.get_run(run_id)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"loss": 0.5})
    for name, text in (("split.csv", "before"), ("best_model.pth", "after")):
        assert Path(client.download_artifacts(run_id, name, str(tmp_path))).read_text() == text
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.artifact_location == (new / "mlflow_artifacts").as_uri()


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:5001",
        "sqlite:///",
        # Did not come along.
        "sqlite:///{here}/old/gone.db",
        # Is where it was.
        "sqlite:///{here}/mlflow.db",
        # Never was beside the runs.
        "sqlite:////elsewhere/mlflow.db",
    ],
)
def test_what_was_not_moved_keeps_its_address(tmp_path: Path, uri: str) -> None:
    (tmp_path / "new").mkdir()
    for file in ("mlflow.db", "new/mlflow.db"):
        (tmp_path / file).touch()
    uri = uri.format(here=tmp_path)

    found = followed(uri, tmp_path / "old/runs/1/mlflow/a", tmp_path / "new/runs/1/mlflow/a")

    assert found == uri
