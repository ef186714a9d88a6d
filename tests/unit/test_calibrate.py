"""train.calibrate: what is fitted goes into the checkpoint, or the checkpoint stays as it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handlers.categories import CODES, WITHOUT_UNKNOWN
from tests.unit.calibrating import BARE, calibrated
from tests.unit.comparable import comparable
from tests.unit.conftest import EACH, STRANGE
from train.calibrate import main
from train.checkpoint import Checkpoint, read
from train.data.layouts import read as read_data
from train.data.layouts import read_unknown
from train.data.split import readable
from train.data.unseen import Images
from train.doubt.fitted import Fitted
from train.doubt.fitting import looked_at
from train.doubt.methods import METHODS, energy


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
    assert f"{file}: temperature {fitted.scaling.temperature:.3f}, expected" in caplog.messages[-1]


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
    # The same pictures: no limit tells them apart.
    alike = drawings / "Train" / "NV"

    with_alike = calibrated(file, "--data", drawings, "--unk-data", alike)
    with_strange = calibrated(file, "--data", drawings, "--unk-data", strange)

    assert "unknown_fitted" not in once.evidence
    assert with_strange.evidence["unknown_fitted"] == STRANGE
    for fitted in (with_alike, with_strange):
        assert fitted.evidence["called_unknown"] <= 0.06
        assert fitted.scaling.temperature == once.scaling.temperature
    assert with_strange.unknown != with_alike.unknown


def test_unknown_images_are_that_to_a_model_with_an_output_for_them_too(
    drawings: Path, strange: Path
) -> None:
    rows = [*range(len(BARE.classes)), 0]
    head = {name: BARE.state_dict[name][rows] for name in ("head.weight", "head.bias")}
    source = replace(BARE, classes=CODES, state_dict=BARE.state_dict | head)
    table = Images.of(drawings).table

    seen = looked_at(source, table, readable(read_unknown(strange)))

    assert (seen.features.labels >= 0).tolist() == [True] * len(table) + [False] * STRANGE
    assert len(seen.of_known()) == len(table)


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
    # And is known still when only the rest is fitted again.
    assert calibrated(file, "--data", drawings).evidence["methods_left_out"] == found


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


def test_energy_tells_pictures_apart_by_several_views_as_by_one(drawings: Path) -> None:
    table = readable(read_data(drawings))

    one, two = (
        energy(seen, seen)
        for seen in (looked_at(replace(BARE, views=views), table).features for views in (1, 2))
    )

    assert np.ptp(two) > 0.5
    assert np.corrcoef(one, two)[0, 1] > 0.9


def test_what_cannot_go_on_is_told_before_anything_is_looked_at(
    file: Path, drawings: Path, strange: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = file.read_bytes()
    all_but_one = tmp_path / "without.pth"
    trained = tuple(str(path.relative_to(drawings)) for path in drawings.glob("Train/*/*"))
    seen = tuple(name for name in trained if "/VASC/" not in name)
    all_but_one.write_bytes(replace(without("VASC"), trained_on=seen).as_bytes())

    for words, says in (
        (["--out", tmp_path], f"{tmp_path} is a folder: name a file in it."),
        (
            ["--unk-data", strange, "--unknown", strange / "more" / ".."],
            "name another folder with --unknown",
        ),
        (["--left-out", all_but_one], "has not seen 0 lesions of the categories it knows, and 40"),
    ):
        given = ["--checkpoint", file, "--data", drawings, *words]
        assert main([str(word) for word in given]) == 2
        assert says in caplog.messages[-1]
    assert file.read_bytes() == before
