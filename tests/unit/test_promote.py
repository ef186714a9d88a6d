"""Promotion: who may become champion, and that nothing moves where the answer is no."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from handlers.categories import CODES, WITHOUT_UNKNOWN
from handlers.classifier import LesionClassifier
from handlers.request import Request
from registry.champion import crown
from registry.versions import Version, addressed, give_alias, with_alias
from tests import tiny
from tests.images import lesion
from train import promote
from train.evaluation.intervals import Interval
from train.promote import Refused, compare, compare_backends, main
from train.register_model import main as register

CHAMPIONS = Interval(value=0.60, low=0.55, high=0.65)


def interval(value: float) -> Interval:
    return Interval(value=value, low=value - 0.01, high=value + 0.01)


@pytest.mark.parametrize("value", [0.55, 0.56, 0.60, 0.90])
def test_a_score_that_may_be_the_champions_is_not_worse(value: float) -> None:
    compare(interval(value), CHAMPIONS)


@pytest.mark.parametrize("value", [0.0, 0.5499, float("nan")])
def test_a_score_below_the_champions_interval_is_refused(value: float) -> None:
    with pytest.raises(Refused, match=r"worse: .* below the champion's 95 % interval, 0.550 to"):
        compare(interval(value), CHAMPIONS)


@pytest.mark.parametrize("difference", [0.0, 1e-7, 1e-6])
def test_backends_that_agree_are_let_through(difference: float) -> None:
    compare_backends(difference)


@pytest.mark.parametrize("difference", [1.1e-6, 0.5, float("nan")])
def test_backends_that_disagree_are_refused(difference: float) -> None:
    with pytest.raises(Refused, match="The backends disagree"):
        compare_backends(difference)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = f"sqlite:///{tmp_path_factory.mktemp('promote')}/mlflow.db"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_TRACKING_URI", uri)
        yield uri


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> list[tiny.Exported]:
    """Two models that disagree, each trained on another half of the images."""
    found = []
    for seed in range(2):
        folder = tmp_path_factory.mktemp("exported")
        file = folder / "best_model.pth"
        names = tuple(f"IMAGE_{number}" for number in range(16) if number % 2 == seed)
        source = replace(tiny.checkpoint(seed=seed), trained_on=names)
        file.write_bytes(source.as_bytes())
        found.append(tiny.export(folder, file))
    return found


@pytest.fixture(scope="module")
def two(uri: str, exported: list[tiny.Exported]) -> list[Version]:
    """Two registered versions."""
    for one in exported:
        files = ["--model", one.model, "--config", one.config, "--checkpoint", one.checkpoint]
        assert register([str(word) for word in files]) == 0
    return [addressed(uri, f"models:/skin_vit/{number}") for number in (1, 2)]


def labelled(folder: Path, first: LesionClassifier, name: str) -> Path:
    """Sixteen drawings, labelled as a model answers: it is right on all of them."""
    rows = []
    for number in range(16):
        image = f"{name}_{number}"
        path = folder / f"{image}.png"
        lesion(number, WITHOUT_UNKNOWN[number % 8]).save(path)
        [answer] = first.predict([first.preprocess(Request(body=path.read_bytes()))])
        rows.append({"image": image, "code": answer["label"]})
    table = pd.DataFrame(rows)
    truth = pd.get_dummies(table["code"], dtype=float)
    truth = truth.reindex(columns=list(CODES), fill_value=0.0)
    truth.insert(0, "image", table["image"])
    truth.to_csv(folder / "GroundTruth.csv", index=False)
    return folder


@pytest.fixture
def champion_is_right(exported: list[tiny.Exported], tmp_path: Path) -> Path:
    classifier = LesionClassifier.load(exported[0].model, exported[0].config)
    return labelled(tmp_path, classifier, "UNSEEN")


@pytest.fixture
def candidate_is_right(exported: list[tiny.Exported], tmp_path: Path) -> Path:
    classifier = LesionClassifier.load(exported[1].model, exported[1].config)
    return labelled(tmp_path, classifier, "UNSEEN")


@pytest.fixture
def trained_on_by_either(exported: list[tiny.Exported], tmp_path: Path) -> Path:
    classifier = LesionClassifier.load(exported[0].model, exported[0].config)
    return labelled(tmp_path, classifier, "IMAGE")


@pytest.fixture
def roles(uri: str, two: list[Version]) -> None:
    """The first is champion, the second would like to be."""
    give_alias(uri, two[0], "champion")
    give_alias(uri, two[1], "candidate")


def test_a_candidate_that_is_worse_leaves_the_champion_where_it_is(
    uri: str,
    two: list[Version],
    roles: None,
    champion_is_right: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    status = main(["--data", str(champion_is_right)])

    assert status == 1
    assert "The candidate is worse" in caplog.text
    assert with_alias(uri, "skin_vit", "champion") == two[0]


def test_images_that_either_was_trained_on_are_not_compared_by(
    uri: str,
    two: list[Version],
    roles: None,
    trained_on_by_either: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    status = main(["--data", str(trained_on_by_either)])

    assert status == 2
    assert "trained on every image" in caplog.text
    assert with_alias(uri, "skin_vit", "champion") == two[0]


def test_the_champion_is_no_candidate(
    uri: str, two: list[Version], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for alias in ("champion", "candidate"):
        give_alias(uri, two[0], alias)

    status = main(["--data", str(tmp_path)])

    assert status == 1
    assert "Version 1 is champion already" in caplog.text


def test_rolling_back_puts_the_former_champion_back(
    uri: str, two: list[Version], caplog: pytest.LogCaptureFixture
) -> None:
    give_alias(uri, two[0], "champion")
    crown(uri, two[1])

    statuses = [main(["--rollback"]) for _ in range(2)]

    assert statuses == [0, 2]
    assert with_alias(uri, "skin_vit", "champion") == two[0]
    assert "There is no former champion" in caplog.text


def test_without_a_registry_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/absent.db")

    status = main(["--data", str(tmp_path)])

    assert status == 2
    assert "There is no registry" in caplog.text


@pytest.mark.parametrize(
    ("difference", "expected", "says"),
    [(1e-7, 0, "version 2 is now models:/skin_vit@champion"), (1e-5, 1, "The backends disagree")],
)
def test_a_candidate_that_is_not_worse_becomes_champion_if_the_backends_agree(
    uri: str,
    two: list[Version],
    roles: None,
    candidate_is_right: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    difference: float,
    expected: int,
    says: str,
) -> None:
    # The real ones are asked in the contract's test of promotion.
    monkeypatch.setattr(promote, "largest_difference", lambda *_: difference)
    caplog.set_level(logging.INFO)

    status = main(["--data", str(candidate_is_right)])

    assert status == expected
    assert says in caplog.text
    assert with_alias(uri, "skin_vit", "champion") == two[0 if expected else 1]
