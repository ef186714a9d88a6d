"""train.calibrate: what is fitted goes into the checkpoint, or the checkpoint stays as it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.categories import WITHOUT_UNKNOWN
from tests import tiny
from tests.unit.comparable import comparable
from tests.unit.conftest import EACH, STRANGE
from train.calibrate import main
from train.checkpoint import Checkpoint, read
from train.doubt.fitted import Fitted
from train.doubt.methods import METHODS

BARE = replace(tiny.checkpoint(), fitted=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "best_model.pth"
    path.write_bytes(BARE.as_bytes())
    return path


def without(code: str) -> Checkpoint:
    """The tiny checkpoint as one that was trained with --leave-out."""
    rows = [place for place, one in enumerate(BARE.classes) if one != code]
    head = {name: BARE.state_dict[name][rows] for name in ("head.weight", "head.bias")}
    return replace(
        BARE,
        classes=tuple(BARE.classes[row] for row in rows),
        state_dict=BARE.state_dict | head,
    )


def calibrated(file: Path, *words: object) -> Fitted:
    status = main(["--checkpoint", str(file), *map(str, words)])

    assert status == 0
    fitted = read(file).fitted
    assert fitted is not None
    return fitted


@pytest.fixture(scope="module")
def once(drawings: Path, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """What is fitted to the drawings alone."""
    path = tmp_path_factory.mktemp("once") / "best_model.pth"
    path.write_bytes(BARE.as_bytes())
    return calibrated(path, "--data", drawings)


def test_a_checkpoint_is_fitted_in_its_place(
    file: Path, drawings: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    fitted = calibrated(file, "--data", drawings)

    after = read(file)
    assert replace(after, state_dict={}, fitted=None) == replace(BARE, state_dict={})
    assert all(after.state_dict[name].equal(BARE.state_dict[name]) for name in BARE.state_dict)
    assert fitted.evidence["images"] == EACH * len(WITHOUT_UNKNOWN)
    assert fitted.prediction_set.least.keys() == set(WITHOUT_UNKNOWN)
    assert [rule.name for rule in fitted.referral] == ["melanoma", "malignant"]
    assert fitted.known.means.shape == (len(WITHOUT_UNKNOWN), 64)
    assert f"{file}: temperature {fitted.temperature:.3f}, expected" in caplog.messages[-1]


def test_the_same_images_give_the_same_values(file: Path, drawings: Path, once: Fitted) -> None:
    again = calibrated(file, "--data", drawings)

    assert comparable(again) == comparable(once)


def test_it_may_be_written_elsewhere(file: Path, drawings: Path, tmp_path: Path) -> None:
    before, out = file.read_bytes(), tmp_path / "new" / "fitted.pth"

    status = main(["--checkpoint", str(file), "--data", str(drawings), "--out", str(out)])

    assert status == 0
    assert read(out).fitted is not None
    assert file.read_bytes() == before


def test_images_it_was_trained_on_are_left_out(file: Path, drawings: Path) -> None:
    trained = ("Train/MEL/0.jpg", "Train/NV/3.jpg")
    file.write_bytes(replace(BARE, trained_on=trained).as_bytes())

    fitted = calibrated(file, "--data", drawings)

    assert fitted.evidence["images"] == EACH * len(WITHOUT_UNKNOWN) - 2


def test_as_many_views_are_averaged_as_are_named(file: Path, drawings: Path, once: Fitted) -> None:
    two = calibrated(file, "--data", drawings, "--views", 2)

    assert read(file).views == 2
    assert not once.known.means.equal(two.known.means)
    # And stay with the checkpoint.
    assert comparable(calibrated(file, "--data", drawings)) == comparable(two)


def test_unknown_images_may_be_fitted_to(
    file: Path, drawings: Path, strange: Path, once: Fitted
) -> None:
    # The same pictures: no limit tells them apart, and one that lets all through is best.
    alike = drawings / "Train" / "NV"

    with_alike = calibrated(file, "--data", drawings, "--unk-data", alike)
    with_strange = calibrated(file, "--data", drawings, "--unk-data", strange)

    for fitted in (with_alike, with_strange):
        assert fitted.unknown.limit >= once.unknown.limit
        assert fitted.temperature == once.temperature
    assert with_strange.unknown != with_alike.unknown


def test_methods_are_compared_on_unknown_images_that_nothing_is_fitted_to(
    file: Path, drawings: Path, strange: Path, once: Fitted
) -> None:
    expected = comparable(once)

    fitted = comparable(calibrated(file, "--data", drawings, "--unknown", strange))

    more = fitted.pop("evidence")
    assert isinstance(more, dict)
    assert more["unknown_images"] == STRANGE
    assert 0 <= more["unknown_called"] <= 1
    assert more["methods_unknown"].keys() == METHODS.keys()
    assert all(0 <= area <= 1 for area in more["methods_unknown"].values())
    names = {"unknown_images", "unknown_called", "methods_unknown"}
    assert {name: more[name] for name in more if name not in names} == expected.pop("evidence")
    assert fitted == expected


def test_methods_are_compared_on_the_category_a_model_was_trained_without(
    file: Path, drawings: Path, tmp_path: Path
) -> None:
    left_out = tmp_path / "without.pth"
    left_out.write_bytes(without("VASC").as_bytes())

    fitted = calibrated(file, "--data", drawings, "--left-out", left_out)

    found = fitted.evidence["methods_left_out"]
    assert found.keys() == {"VASC"}
    assert found["VASC"].keys() == METHODS.keys()


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
    drawings: Path, tmp_path: Path, once: Fitted
) -> None:
    own, other = folds(drawings, tmp_path)

    alone = calibrated(own, "--data", drawings)
    both = calibrated(own, "--data", drawings, "--folds", other)

    assert alone.evidence["images"] == (EACH - 1) * len(WITHOUT_UNKNOWN)
    assert both.evidence["images"] == EACH * len(WITHOUT_UNKNOWN)
    assert both.evidence["cross_validation"]["models"] == 2
    # The two have the same weights, so together they are fitted as one that has seen no image.
    assert both.temperature == pytest.approx(once.temperature, abs=1e-6)
    assert both.quality == once.quality
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
def test_folds_that_chose_their_epoch_may_have_another_one(
    drawings: Path, tmp_path: Path, own: Told, others: Told
) -> None:
    file, other = folds(drawings, tmp_path)
    told(file, own)
    told(other, others)

    assert calibrated(file, "--data", drawings, "--folds", other).evidence["images"] > EACH


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


def test_images_whose_category_is_no_output_are_unknown(file: Path, drawings: Path) -> None:
    file.write_bytes(without("VASC").as_bytes())

    fitted = calibrated(file, "--data", drawings)

    assert fitted.evidence["images"] == EACH * (len(WITHOUT_UNKNOWN) - 1)
    assert "VASC" not in fitted.prediction_set.least


def few(drawings: Path, folder: Path) -> list[str]:
    for code in ("MEL", "NV"):
        target = folder / "few" / "Train" / code
        target.mkdir(parents=True)
        for path in (drawings / "Train" / code).iterdir():
            (target / path.name).write_bytes(path.read_bytes())
    return ["--data", str(folder / "few")]


def none_of_the_models(drawings: Path, folder: Path) -> list[str]:
    target = folder / "others" / "Train" / "VASC"
    target.mkdir(parents=True)
    (target / "0.jpg").write_bytes((drawings / "Train" / "VASC" / "0.jpg").read_bytes())
    return ["--data", str(folder / "others")]


def test_too_few_images_are_named_and_the_file_left_alone(
    file: Path, drawings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = file.read_bytes()

    status = main(["--checkpoint", str(file), *few(drawings, tmp_path)])

    assert status == 2
    assert caplog.messages[-1] == (
        "Validation images of 14 lesions are too few to fit on: 40 are needed."
    )
    assert file.read_bytes() == before


def test_images_of_other_categories_alone_are_too_few(
    file: Path, drawings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(without("VASC").as_bytes())

    status = main(["--checkpoint", str(file), *none_of_the_models(drawings, tmp_path)])

    assert status == 2
    assert caplog.messages[-1] == "No validation image shows a category of the model."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--data {tmp}/none", "There is no folder"),
        ("--data {drawings} --unk-data {tmp}/none", "There is no folder"),
        ("--data {drawings} --unknown {tmp}/none", "There is no folder"),
        ("--data {drawings} --unk-data {tmp}/empty", "There is no image in"),
        ("--data {drawings} --checkpoint {tmp}/none.pth", "There is no checkpoint"),
        ("--data {drawings} --checkpoint {drawings}/Train/MEL/0.jpg", "is no checkpoint"),
        ("--data {drawings} --left-out {tmp}/best_model.pth", "not trained with --leave-out"),
        ("--data {drawings} --left-out {tmp}/none.pth", "There is no checkpoint"),
    ],
)
def test_what_can_not_be_used_is_named_and_the_file_left_alone(
    file: Path,
    drawings: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    words: str,
    says: str,
) -> None:
    before = file.read_bytes()
    (tmp_path / "empty").mkdir()
    given = words.format(tmp=tmp_path, drawings=drawings).split()

    status = main(["--checkpoint", str(file), *given])

    assert status == 2
    assert says in caplog.messages[-1]
    assert file.read_bytes() == before
