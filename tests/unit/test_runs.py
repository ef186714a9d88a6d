"""A run on disk: what is found again, and what of it may have changed."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from train import tracking
from train.config import ConfigError, TrainConfig
from train.data.split import Split
from train.runs import SETTINGS, TrainingRun, to_go_on

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
)


@pytest.fixture
def parts() -> Split:
    columns = ["image", "lesion", "group", "fingerprint", "code"]
    side = pd.DataFrame([["a", "L", "L", "0", "NV"]], columns=columns)
    return Split(train=side, validation=side.iloc[:0])


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
    command = f"python -m train.run --resume --out {tmp_path}/old --ray-address b:2"
    assert to_go_on("train.run", found.config) == command


def test_without_a_name_a_run_goes_on_on_this_machine(begun: TrainingRun, tmp_path: Path) -> None:
    found = TrainingRun.resume({"out": str(tmp_path / "old")})

    assert begun.config.ray_address == "a:1"
    assert found.config.ray_address is None
    command = f"python -m train.run --resume --out {tmp_path}/old"
    assert to_go_on("train.run", found.config) == command


def test_only_what_a_run_went_on_with_is_kept(
    begun: TrainingRun, tmp_path: Path, parts: Split
) -> None:
    out = str(tmp_path / "old")
    mistaken = TrainingRun.resume({"out": out, "data": "another", "epochs": 99})
    with pytest.raises(
        ConfigError, match="The images, their categories or lesions are no longer those"
    ):
        mistaken.go_on(replace(parts, validation=parts.train.assign(image="b")))
    plain = TrainingRun.resume({"out": out})

    TrainingRun.resume({"out": out, "data": "moved", "epochs": 12}).go_on(parts)

    assert (plain.config.data, plain.config.epochs) == ("d", begun.config.epochs)
    kept = TrainingRun.resume({"out": out}).config
    assert (kept.data, kept.epochs) == ("moved", 12)


@pytest.mark.parametrize("column", ["code", "lesion"])
def test_labels_that_were_corrected_are_another_run(
    begun: TrainingRun, tmp_path: Path, parts: Split, column: str
) -> None:
    corrected = replace(parts, train=parts.train.assign(**{column: "BCC"}))
    out: dict[str, object] = {"out": str(tmp_path / "old")}

    with pytest.raises(ConfigError, match="their categories or lesions are no longer"):
        TrainingRun.resume(out).go_on(corrected)

    # As runs of before left it: their labels are those that they go on with.
    file = begun.folder / SETTINGS
    values = json.loads(file.read_text())
    del values["labels_sha256"]
    file.write_text(json.dumps(values))
    TrainingRun.resume(out).go_on(corrected)
    with pytest.raises(ConfigError, match="their categories or lesions"):
        TrainingRun.resume(out).go_on(parts)


def test_what_its_weights_had_seen_is_kept_whatever_is_there_by_now(
    begun: TrainingRun, tmp_path: Path, parts: Split
) -> None:
    out: dict[str, object] = {"out": str(tmp_path / "old")}
    assert TrainingRun.resume(out).inherited == ()

    TrainingRun.resume(out).go_on(replace(parts, inherited=("a", "b")))

    assert TrainingRun.resume(out).inherited == ("a", "b")


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_run_that_is_killed_while_it_is_written_down_is_as_it_was(
    begun: TrainingRun, tmp_path: Path, parts: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "old")
    found = TrainingRun.resume({"out": out, "epochs": 12})
    monkeypatch.setattr(Path, "replace", killed)

    with pytest.raises(KeyboardInterrupt):
        found.go_on(parts)

    assert TrainingRun.resume({"out": out}).config.epochs == begun.config.epochs


def test_a_damaged_run_is_one_sentence(begun: TrainingRun, tmp_path: Path) -> None:
    (begun.folder / SETTINGS).write_text("")

    with pytest.raises(ConfigError, match=r"run\.json is damaged: delete .* start anew"):
        TrainingRun.resume({"out": str(tmp_path / "old")})


def test_runs_that_begin_in_one_second_share_no_folder(
    begun: TrainingRun, parts: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([begun.folder.name, begun.folder.name, "20990101-000000"])
    monkeypatch.setattr(time, "strftime", lambda _: next(times))

    other = TrainingRun.begin(begun.config, parts, "commit")

    assert other.folder == begun.folder.with_name("20990101-000000")


def test_a_run_that_goes_on_ends_no_sooner_than_it_would_have(
    begun: TrainingRun, tmp_path: Path
) -> None:
    out = str(tmp_path / "old")
    again = TrainingRun.resume({"out": out, "epochs": begun.config.epochs})

    with pytest.raises(ConfigError, match=r"--epochs may only be raised .* more than 10, or leave"):
        TrainingRun.resume({"out": out, "epochs": 9})

    assert again.config.epochs == begun.config.epochs


def test_nothing_else_may(begun: TrainingRun, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"leave out --lr\."):
        TrainingRun.resume({"out": str(tmp_path / "old"), "lr": 0.1})
