"""train.evaluate --folds: each image is answered by a model that has not seen it."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from handlers.categories import WITHOUT_UNKNOWN
from handlers.classifier import LesionClassifier
from tests import tiny
from tests.unit.calibrating import calibrated
from tests.unit.conftest import EACH
from tests.unit.folded import folds
from train.checkpoint import Checkpoint, read
from train.data.split import Split
from train.evaluate import main
from train.evaluation.predictions import of_classifier
from train.pth_to_pt import export

pytestmark = [
    pytest.mark.usefixtures("mlflow_in_a_file"),
    pytest.mark.filterwarnings(
        "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
    ),
]
MANY, FEW = {"1", "2", "3", "4", "5", "6"}, {"0"}


@pytest.fixture
def two(drawings: Path, tmp_path: Path) -> list[Path]:
    """One that has not seen drawing 0 of each category and one that has seen only these, each with
    weights of its own and something fitted beside them."""
    files = folds(drawings, tmp_path, FEW, MANY)
    for seed, file in enumerate(files):
        file.write_bytes(as_another(read(file), seed).as_bytes())
    return files


def as_another(one: Checkpoint, seed: int) -> Checkpoint:
    other = tiny.checkpoint(seed=seed)
    fitted = other.fitted
    assert fitted is not None
    scaling = replace(fitted.scaling, temperature=1.0 + seed)
    # Another of everything for each, so that it shows whose is in use.
    unknown = replace(fitted.unknown, limit=fitted.unknown.limit * (1 + seed / 10))
    known = replace(fitted.known, means=fitted.known.means + seed)
    fitted = replace(fitted, scaling=scaling, known=known, unknown=unknown)
    return replace(one, state_dict=other.state_dict, fitted=fitted)


def evaluated(own: Path, others: list[Path], data: Path, out: Path) -> int:
    words = [
        "--model",
        own,
        "--data",
        data,
        "--out",
        out,
        *(["--folds", *others] if others else []),
    ]
    return main([str(word) for word in words])


def metrics_of(out: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return values


def answers(source: Checkpoint, paths: list[Path], folder: Path) -> np.ndarray:
    """As it would be served."""
    folder.mkdir()
    export(source, "0" * 64, "1.0", folder / "model.pt", folder / "config.json")
    return of_classifier(LesionClassifier.load(folder / "model.pt", folder / "config.json"), paths)


def test_each_answers_for_what_it_has_not_seen_with_what_is_fitted_to_the_first(
    two: list[Path], drawings: Path, tmp_path: Path
) -> None:
    own, other = two
    out = tmp_path / "out"

    assert evaluated(own, [other], drawings, out) == 0

    found = pd.read_csv(out / "predictions.csv", index_col="image")
    assert len(found) == EACH * len(WITHOUT_UNKNOWN)
    first, second = read(own), read(other)
    assert first.fitted is not None
    assert second.fitted is not None
    together = replace(first.fitted, known=second.fitted.known, unknown=second.fitted.unknown)
    for number, (source, names) in enumerate(
        (
            (first, [name for name in found.index if Path(name).stem == "0"]),
            (
                replace(second, fitted=together),
                [name for name in found.index if Path(name).stem != "0"],
            ),
        )
    ):
        expected = answers(
            source, [drawings / f"{name}.jpg" for name in names], tmp_path / str(number)
        )
        np.testing.assert_allclose(found.loc[names].to_numpy(), expected, rtol=0, atol=1e-6)


def test_the_numbers_say_who_answered(two: list[Path], drawings: Path, tmp_path: Path) -> None:
    own, other = two
    out = tmp_path / "out"

    evaluated(own, [other], drawings, out)

    metrics, outputs = metrics_of(out), len(WITHOUT_UNKNOWN)
    measured = metrics["measured"]
    assert measured["answered_by"] == [
        {
            "checkpoint_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "training_images": trained * outputs,
            "precision": None,
            "images": answered * outputs,
        }
        for file, trained, answered in ((own, EACH - 1, 1), (other, 1, EACH - 1))
    ]
    assert measured["checkpoint_sha256"] == measured["answered_by"][0]["checkpoint_sha256"]
    assert measured["left_out"]["trained_on"] == measured["left_out"]["siblings"] == 0
    assert measured["chose_epoch"] is measured["is_training_runs_validation"] is False
    assert metrics["images"] == metrics["faithfulness"]["images"] == EACH * outputs
    head = (out / "model_card.md").read_text().split("## Data")[0]
    assert "by the one of 2 models of its recipe that was not trained on it" in head
    assert "by the one of 2 models of its recipe" in (out / "report.html").read_text()


@pytest.mark.parametrize("keep", ["best", "last"])
def test_an_epoch_that_one_of_them_chose_is_told(
    two: list[Path], drawings: Path, tmp_path: Path, keep: str
) -> None:
    names = pd.Series([str(path.relative_to(drawings)) for path in drawings.glob("Train/*/*")])
    for file in two:
        trained_on = read(file).trained_on
        split = Split(
            train=pd.DataFrame({"image": trained_on}),
            validation=pd.DataFrame({"image": names[~names.isin(trained_on)]}),
        )
        told: dict[str, str | int | float] = {"split_sha256": split.sha256, "keep": keep}
        one = read(file)
        file.write_bytes(replace(one, training=one.training | told).as_bytes())

    evaluated(two[0], two[1:], drawings, tmp_path / "out")

    measured = metrics_of(tmp_path / "out")["measured"]
    assert measured["is_training_runs_validation"]
    assert measured["chose_epoch"] is (keep == "best")
    assert measured["doubt_was_fitted_to_these"]
    assert measured["doubt_was_fitted_to_all"]


def test_it_is_told_where_doubt_was_fitted_to_what_is_evaluated_on(
    two: list[Path], drawings: Path, tmp_path: Path
) -> None:
    other, own = two
    own.write_bytes(replace(read(own), fitted=None).as_bytes())
    calibrated(own, "--data", drawings, "--folds", other)
    fewer = tmp_path / "fewer"
    shutil.copytree(drawings, fewer)
    (fewer / "Train" / "MEL" / "3.jpg").unlink()
    out = tmp_path / "out"

    told = []
    for data, more in ((drawings, []), (fewer, []), (drawings, [other])):
        told.append(told_of_doubt(own, more, data, out))
    # As if it, too, was fitted to what it answers for.
    with_names(other, [str(path.relative_to(drawings)) for path in drawings.glob("Train/*/0.jpg")])
    told.append(told_of_doubt(own, [other], drawings, out))

    assert told == [(True, True), (True, True), (True, False), (True, True)]


def told_of_doubt(own: Path, others: list[Path], data: Path, out: Path) -> tuple[bool, bool]:
    """Whether it was fitted to these, and to all of them."""
    assert evaluated(own, others, data, out) == 0
    measured = metrics_of(out)["measured"]
    return measured["doubt_was_fitted_to_these"], measured["doubt_was_fitted_to_all"]


def with_names(file: Path, images: list[str]) -> None:
    one = read(file)
    assert one.fitted is not None
    fitted = replace(one.fitted, images=tuple(images))
    file.write_bytes(replace(one, fitted=fitted).as_bytes())


def test_folds_with_another_limit_of_the_unknown_are_refused(
    two: list[Path], drawings: Path, strange: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other, own = two
    own.write_bytes(replace(read(own), fitted=None).as_bytes())
    calibrated(own, "--data", drawings, "--folds", other, "--unk-data", strange)

    assert evaluated(own, [other], drawings, tmp_path / "out") == 2

    assert f"call train.calibrate --checkpoint {other} with the same --unk-data" in caplog.text


def test_what_does_not_go_together_is_refused(
    two: list[Path], drawings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = two
    bare = tmp_path / "bare.pth"
    bare.write_bytes(replace(read(other), fitted=None).as_bytes())
    out = tmp_path / "out"

    for named, says in (
        ([bare], f"call train.calibrate --checkpoint {bare} first."),
        ([other, other], f"{other} was trained on all images that those before it were"),
        ([tmp_path / "no.pth"], f"There is no checkpoint {tmp_path / 'no.pth'}"),
    ):
        assert evaluated(own, named, drawings, out) == 2
        assert says in caplog.messages[-1]
    assert not out.exists()


def test_folds_are_of_a_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--model", "a.pt", "--folds", "b.pth", "--data", "data"])

    assert "--folds is for a --model that is a checkpoint" in capsys.readouterr().err
