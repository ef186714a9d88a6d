"""An MLflow file in a folder that was moved: what it speaks of is found where it is now."""

import logging
import shutil
import sqlite3
from collections import OrderedDict
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking._tracking_service import utils

from registry import address
from registry.address import tracking_uri
from registry.download import CONFIG_NAME, MODEL_NAME, files
from registry.moved import FILES, readdress
from registry.versions import experiment_id

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A run with a file, and a version of a model."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    folder = tmp_path / "Anna's é"
    folder.mkdir()
    uri = f"sqlite:///{folder}/mlflow.db"
    client = mlflow.MlflowClient(uri)
    run = client.create_run(experiment_id(client, uri), run_name="one")
    client.log_text(run.info.run_id, "before", "told.txt")
    model = folder / FILES / "model" / "data" / "as-registered"
    model.mkdir(parents=True)
    (model / MODEL_NAME).write_text("weights")
    (model / CONFIG_NAME).write_text("{}")
    client.create_registered_model("m")
    client.create_model_version("m", model.parents[1].as_uri())
    return folder


def said(uri: str) -> str:
    client = mlflow.MlflowClient(uri)
    (experiment,) = client.search_experiments(filter_string="name = 'skin-lesions'")
    (run,) = client.search_runs([experiment.experiment_id])
    return Path(client.download_artifacts(run.info.run_id, "told.txt")).read_text()


def test_runs_and_models_are_found_where_the_folder_is_now(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "SERVER", "http://127.0.0.1:9")
    # Twice: the second time the database speaks of the first place, not of where it began.
    for place in ("second", "third"):
        now = tmp_path / place / "store"
        now.parent.mkdir()
        store = store.rename(now)
        # As in a new process.
        monkeypatch.setattr(utils, "_artifact_repos_cache", OrderedDict())

        uri = tracking_uri({}, store)

        assert said(uri) == "before"
        env = {"MLFLOW_TRACKING_URI": uri}
        model, _ = files("models:/m/1", tmp_path / "here" / place, env)
        assert model.read_text() == "weights"


def test_one_that_may_only_be_read_is_used_and_that_is_said(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(address, "SERVER", "http://127.0.0.1:9")
    store = store.rename(tmp_path / "second")
    connect = sqlite3.connect

    def to_read(file: Path, timeout: int) -> sqlite3.Connection:
        return connect(f"{file.as_uri()}?mode=ro", timeout=timeout, uri=True)

    with monkeypatch.context() as unwritable:
        unwritable.setattr(sqlite3, "connect", to_read)
        uri = tracking_uri({}, store)

    assert f"{store}/mlflow.db can't be brought up to date (attempt to write a" in caplog.text
    assert mlflow.MlflowClient(uri).get_model_version("m", "1").name == "m"


def test_a_copy_leaves_what_it_speaks_of_where_it_is(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(store, copy)
    before = (copy / "mlflow.db").read_bytes()

    readdress(copy / "mlflow.db")

    assert (copy / "mlflow.db").read_bytes() == before


def test_a_file_that_mlflow_never_filled_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / FILES).mkdir()
    (tmp_path / "mlflow.db").touch()

    readdress(tmp_path / "mlflow.db")

    assert (tmp_path / "mlflow.db").read_bytes() == b""
