"""train.calibrate --folds: models of one recipe answer together for all images."""

from dataclasses import replace
from pathlib import Path
from shlex import quote
from shutil import copytree

import pytest

from handlers.categories import WITHOUT_UNKNOWN
from tests.images import lesion
from tests.unit.calibrating import BARE, calibrated
from tests.unit.conftest import EACH
from tests.unit.folded import COMMAND, folds
from train.calibrate import main
from train.checkpoint import read
from train.data.unseen import Images, unseen
from train.folds import others

# Of each category, the drawings that the one and the other have not seen.
MANY, FEW = {"1", "2", "3", "4", "5", "6"}, {"0"}
Told = dict[str, str | int | float]


def test_other_folds_answer_for_the_images_the_checkpoint_was_trained_on(
    drawings: Path, tmp_path: Path
) -> None:
    own, other = folds(drawings, tmp_path, MANY, FEW)
    bare = tmp_path / "bare.pth"
    bare.write_bytes(BARE.as_bytes())
    as_one = calibrated(bare, "--data", drawings)

    alone = calibrated(own, "--data", drawings)
    both = calibrated(own, "--data", drawings, "--folds", other)

    assert alone.evidence["images"] == (EACH - 1) * len(WITHOUT_UNKNOWN)
    assert both.evidence["images"] == EACH * len(WITHOUT_UNKNOWN)
    found = both.evidence["cross_validation"]
    assert (found["models"], found["fewest_training_images"]) == (2, len(WITHOUT_UNKNOWN))
    # The two have the same weights, so together they are fitted as one that has seen no image.
    assert both.scaling.temperature == pytest.approx(as_one.scaling.temperature, abs=1e-6)
    assert both.quality == as_one.quality
    assert both.known.means.equal(alone.known.means)


def test_what_was_fitted_with_folds_is_not_lost_to_a_fit_without(
    drawings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = folds(drawings, tmp_path, MANY, FEW)
    calibrated(own, "--data", drawings, "--folds", other)
    before, out = own.read_bytes(), tmp_path / "out.pth"
    every = EACH * len(WITHOUT_UNKNOWN)
    words = ["--checkpoint", str(own), "--data", str(drawings)]

    for more in ([], ["--out", str(own)]):
        assert main([*words, *more]) == 2
        assert f"fitted to {every} images, and would be to {every - 8}: name" in caplog.messages[-1]
    assert own.read_bytes() == before

    assert main([*words, "--out", str(out)]) == 0
    assert read(out).fitted is not None


def test_pictures_of_no_category_of_the_models_are_none_that_was_fitted_to(
    drawings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    copytree(drawings, data)
    copytree(drawings / "Train" / "NV", data / "Train" / "UNK")
    for path in (data / "Train" / "UNK").iterdir():
        lesion(100 + int(path.stem), "BCC").save(path)
    own, other = folds(drawings, tmp_path, MANY, FEW)
    calibrated(own, "--data", drawings, "--folds", other)

    # As many pictures as before, but fewer of the models' categories.
    assert main(["--checkpoint", str(own), "--data", str(data)]) == 2

    every = EACH * len(WITHOUT_UNKNOWN)
    assert f"fitted to {every} images, and would be to {every - 8}: name" in caplog.messages[-1]


def test_a_fold_of_another_hold_out_answers_for_what_is_left(
    drawings: Path, tmp_path: Path
) -> None:
    """The second has not seen what the checkpoint has not seen, and one drawing more of each
    category; the third has not seen the drawing that is left."""
    one, more, rest = folds(drawings, tmp_path, MANY - {"6"}, MANY, FEW)
    images = Images.of(drawings)
    source = read(one)
    own = set(unseen(images, source.trained_on)["image"])

    found = others(source, own, [more, rest], images)

    assert [{Path(name).stem for name in fold.table["image"]} for fold in found] == [{"6"}, {"0"}]
    assert [len(fold.table) for fold in found] == [len(WITHOUT_UNKNOWN)] * 2


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
    file, other = folds(drawings, tmp_path, MANY, FEW)
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
    file, other = folds(drawings, tmp_path, MANY, FEW)
    told(file, own)
    told(other, others)

    words = ["--checkpoint", file, "--data", drawings, "--folds", other]

    assert main([str(word) for word in words]) == 2
    assert caplog.messages[-1].endswith(
        f"its weights are of epoch {others['epoch']}, the checkpoint's of {own['epoch']}."
    )


@pytest.mark.parametrize("folder", ["/a disk/isic2019/", "/Anna's disk/isic2019"])
def test_folds_trained_on_the_same_images_elsewhere_are_taken(
    drawings: Path, tmp_path: Path, folder: str
) -> None:
    file, other = folds(drawings, tmp_path, MANY, FEW)
    trained = read(other)
    elsewhere = str(trained.training["command"]).replace("data/isic2019", quote(folder))
    training = trained.training | {"command": elsewhere}
    other.write_bytes(replace(trained, training=training).as_bytes())

    fitted = calibrated(file, "--data", drawings, "--folds", other)

    assert fitted.evidence["images"] == EACH * len(WITHOUT_UNKNOWN)


def told(file: Path, more: Told) -> None:
    """The checkpoint as it would say of its training, `--keep` in its command too."""
    one = read(file)
    keep = " --keep last" if more.get("keep") == "last" else ""
    command: Told = {"command": f"{one.training['command']}{keep}"}
    file.write_bytes(replace(one, training=one.training | more | command).as_bytes())


def test_folds_of_another_recipe_or_with_no_image_left_are_refused(
    drawings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = folds(drawings, tmp_path, MANY, FEW)
    longer = tmp_path / "longer.pth"
    trained = read(other)
    training = trained.training | {"command": f"{COMMAND}0 --fold 1"}
    longer.write_bytes(replace(trained, training=training).as_bytes())
    before = own.read_bytes()

    for named, says in (
        (
            [longer],
            "but for --fold and --hold-out: python -m train.run --epochs 120, not python -m",
        ),
        ([other, other], f"{other} was trained on all images that those before it were"),
        ([own], f"{own} was trained on all images that those before it were trained on"),
    ):
        words = ["--checkpoint", own, "--data", drawings, "--folds", *named]
        assert main([str(word) for word in words]) == 2
        assert says in caplog.messages[-1]
        assert own.read_bytes() == before
