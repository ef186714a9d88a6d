"""A run on disk: what is found again, and what of it may have changed."""

from pathlib import Path

import pandas as pd
import pytest

from train import tracking
from train.config import ConfigError, TrainConfig
from train.data.split import Split
from train.runs import TrainingRun

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
)


@pytest.fixture
def parts() -> Split:
    columns = ["image", "lesion", "group", "fingerprint", "code"]
    side = pd.DataFrame([["a", "L", "L", "0", "NV"]], columns=columns)
    return Split(train=side, validation=side.iloc[:0], leaked_by_random=0)


@pytest.fixture
def begun(tmp_path: Path, parts: Split, monkeypatch: pytest.MonkeyPatch) -> TrainingRun:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    values: dict[str, object] = {"out": str(tmp_path / "old"), "data": "d", "ray_address": "a:1"}
    return TrainingRun.begin(TrainConfig.resolved(values), parts, "commit")


def test_a_run_that_was_moved_goes_on_where_it_is_now(
    begun: TrainingRun, tmp_path: Path, parts: Split
) -> None:
    delivery = tracking.delivery_of(begun.tracked)
    delivery.settle(30)
    # Of a process that is over by then.
    delivery.begin(0)
    (tmp_path / "old").rename(tmp_path / "new")

    found = TrainingRun.resume({"out": str(tmp_path / "new"), "epochs": 12})

    assert found.config.out == str(tmp_path / "new")
    assert found.folder == tmp_path / "new" / "runs" / begun.folder.name
    assert Path(found.tracked.folder).is_relative_to(tmp_path / "new")
    assert found.config.epochs == 12
    found.go_on(parts)


def test_data_and_cluster_may_be_elsewhere(begun: TrainingRun, tmp_path: Path) -> None:
    values: dict[str, object] = {
        "out": str(tmp_path / "old"),
        "data": "moved",
        "ray_address": "b:2",
    }

    found = TrainingRun.resume(values)

    assert (found.config.data, found.config.ray_address) == ("moved", "b:2")
    assert found.config.model == begun.config.model


def test_nothing_else_may(begun: TrainingRun, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"leave out --lr\."):
        TrainingRun.resume({"out": str(tmp_path / "old"), "lr": 0.1})
