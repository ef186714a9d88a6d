"""train.calibrate --folds: models of one recipe answer together for all images."""

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.categories import WITHOUT_UNKNOWN
from tests.unit.calibrating import BARE, calibrated
from tests.unit.conftest import EACH
from train.calibrate import main
from train.checkpoint import read

Told = dict[str, str | int | float]
COMMAND = "python -m train.run --data data/isic2019 --epochs 12"


def folds(drawings: Path, folder: Path) -> list[Path]:
    """The tiny checkpoint as two of one recipe, trained on one drawing of each
    category, and on all others."""
    images = {str(path.relative_to(drawings)) for path in drawings.glob("Train/*/*")}
    few = {name for name in images if name.endswith("/0.jpg")}
    files = []
    for fold, (more, trained) in enumerate((("", few), (" --fold 1", images - few))):
        one = replace(
            BARE,
            training=BARE.training | {"command": COMMAND + more},
            trained_on=tuple(sorted(trained)),
        )
        files.append(folder / f"{fold}.pth")
        files[-1].write_bytes(one.as_bytes())
    return files


def test_other_folds_answer_for_the_images_the_checkpoint_was_trained_on(
    drawings: Path, tmp_path: Path
) -> None:
    own, other = folds(drawings, tmp_path)
    unseen = tmp_path / "unseen.pth"
    unseen.write_bytes(BARE.as_bytes())
    as_one = calibrated(unseen, "--data", drawings)

    alone = calibrated(own, "--data", drawings)
    both = calibrated(own, "--data", drawings, "--folds", other)

    assert alone.evidence["images"] == (EACH - 1) * len(WITHOUT_UNKNOWN)
    assert both.evidence["images"] == EACH * len(WITHOUT_UNKNOWN)
    assert both.evidence["cross_validation"]["models"] == 2
    # The two have the same weights, so together they are fitted as one that has seen no image.
    assert both.scaling.temperature == pytest.approx(as_one.scaling.temperature, abs=1e-6)
    assert both.quality == as_one.quality
    assert both.known.means.equal(alone.known.means)


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ({}, {"epoch": 3}),
        ({"epoch": 7, "keep": "best"}, {"epoch": 3, "keep": "best"}),
        ({"epoch": 7, "keep": "best"}, {"epoch": 7, "keep": "last"}),
        ({"epoch": 7, "keep": "last"}, {"epoch": 7, "keep": "last"}),
    ],
    ids=str,
)
def test_folds_whose_epoch_was_chosen_or_is_the_same_are_taken(
    drawings: Path, tmp_path: Path, own: Told, others: Told
) -> None:
    file, other = folds(drawings, tmp_path)
    told(file, own)
    told(other, others)

    fitted = calibrated(file, "--data", drawings, "--folds", other)

    assert fitted.evidence["images"] == EACH * len(WITHOUT_UNKNOWN)


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ({"epoch": 7, "keep": "best"}, {"epoch": 12, "keep": "last"}),
        ({"epoch": 12, "keep": "last"}, {"epoch": 7, "keep": "last"}),
    ],
    ids=str,
)
def test_folds_whose_epoch_is_another_without_being_chosen_are_refused(
    drawings: Path,
    tmp_path: Path,
    own: Told,
    others: Told,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file, other = folds(drawings, tmp_path)
    told(file, own)
    told(other, others)

    words = ["--checkpoint", file, "--data", drawings, "--folds", other]

    assert main([str(word) for word in words]) == 2
    assert caplog.messages[-1].endswith(
        f"its weights are of epoch {others['epoch']}, the checkpoint's of {own['epoch']}."
    )


def told(file: Path, more: Told) -> None:
    """The checkpoint as it would say of its training, `--keep` in its command too."""
    one = read(file)
    keep = " --keep last" if more.get("keep") == "last" else ""
    command: Told = {"command": f"{one.training['command']}{keep}"}
    file.write_bytes(replace(one, training=one.training | more | command).as_bytes())


def test_folds_of_another_recipe_or_of_the_same_images_are_refused(
    drawings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = folds(drawings, tmp_path)
    longer = tmp_path / "longer.pth"
    trained = read(other)
    training = trained.training | {"command": f"{COMMAND}0 --fold 1"}
    longer.write_bytes(replace(trained, training=training).as_bytes())
    before = own.read_bytes()

    for named, says in (
        ([longer], f"{longer} was not trained as the checkpoint was but for --fold: {COMMAND}0."),
        ([other, other], "has not seen 8 images that another has not seen either"),
        ([own], "has not seen 48 images that another has not seen either"),
    ):
        words = ["--checkpoint", own, "--data", drawings, "--folds", *named]
        assert main([str(word) for word in words]) == 2
        assert says in caplog.messages[-1]
        assert own.read_bytes() == before
