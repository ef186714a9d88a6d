"""train.calibrate: what is to be unknown to a model is nothing that it was trained on."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.calibrating import BARE, calibrated
from tests.unit.conftest import EACH, STRANGE
from train.calibrate import main
from train.data.layouts import read_unknown


def test_unknown_images_that_it_was_trained_on_are_left_out(
    tmp_path: Path, drawings: Path, strange: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "best_model.pth"
    names = list(read_unknown(strange)["image"])
    words = ["--data", str(drawings), "--unk-data", str(strange)]
    file.write_bytes(replace(BARE, trained_on=tuple(names[:3])).as_bytes())

    fitted = calibrated(file, *words)

    assert fitted.evidence["unknown_fitted"] == STRANGE - 3
    assert f"LEFT OUT: 3 of {STRANGE} images in {strange}, trained on" in caplog.messages
    file.write_bytes(replace(BARE, trained_on=tuple(names)).as_bytes())
    assert main(["--checkpoint", str(file), *words]) == 2
    assert caplog.messages[-1] == f"Every image in {strange} was trained on: name others."


def test_the_same_file_below_another_folder_is_known(
    tmp_path: Path, drawings: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "best_model.pth"
    file.write_bytes(replace(BARE, trained_on=("Train/NV/0.jpg",)).as_bytes())
    unknown = drawings / "Train" / "NV"

    calibrated(file, "--data", drawings, "--unk-data", unknown)

    assert f"LEFT OUT: 1 of {EACH} images in {unknown}, trained on" in caplog.messages
