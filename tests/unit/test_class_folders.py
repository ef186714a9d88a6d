"""Folders named after categories, by code or in words, become the table's categories and sides."""

import os
from pathlib import Path

import pytest

from handlers.categories import CODES
from tests.unit.laid_out import fill, records
from train.data.layouts import DataError, code_of, read, read_unknown

NAMES = {
    "Melanoma": "MEL", "Nevus": "NV", "melanocytic nevi": "NV", "Basal_Cell-Carcinoma": "BCC",
    "actinic keratosis": "AK", "pigmented benign keratosis": "BKL", "seborrheic keratosis": "BKL",
    "DERMATOFIBROMA": "DF", "vascular lesion": "VASC", "Squamous cell carcinoma": "SCC",
    "unknown": "UNK",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "code"),
    [*NAMES.items(), *zip(CODES, CODES, strict=True), *((code.lower(), code) for code in CODES)],
)
def test_a_class_goes_by_its_code_or_its_name(name: str, code: str) -> None:
    assert code_of(name) == code


def test_class_folders_give_code_and_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = ("Train/Melanoma/a.jpg", "Train/nv/deep/b.png", "Test/Squamous cell carcinoma/a.jpg")
    fill(tmp_path, *images, "Train/nv/notes.txt", "Train/nv/.hidden.jpg")
    monkeypatch.chdir(tmp_path)

    table = read(Path())

    assert records(table) == {
        "image": list(images),
        "path": [str(tmp_path / image) for image in images],
        "code": ["MEL", "NV", "SCC"],
        "lesion": list(images),
        "group": list(images),
        "side": ["train", "train", "test"],
        "age": [None] * 3,
        "sex": [None] * 3,
        "site": [None] * 3,
    }


def test_hidden_folders_are_no_classes_and_hold_no_images(tmp_path: Path) -> None:
    data = tmp_path / ".data"
    hidden = ("Train/.ipynb_checkpoints/a.jpg", "Train/NV/.ipynb_checkpoints/a-checkpoint.jpg")
    fill(data, "Train/NV/a.jpg", *hidden)

    table = read(data)

    assert table["image"].tolist() == ["Train/NV/a.jpg"]


def test_an_image_whose_name_is_no_utf_8_is_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # As an archive from Windows unpacks to: nævus.jpg, in Latin-1.
    name = os.fsdecode(b"n\xe6vus.jpg")
    fill(tmp_path, "Train/NV/a.jpg", f"Train/NV/{name}")

    tables = [read(tmp_path), read_unknown(tmp_path / "Train")]

    assert [table["image"].tolist() for table in tables] == [["Train/NV/a.jpg"], ["NV/a.jpg"]]
    path = f"{tmp_path}/Train/NV/n\\udce6vus.jpg"
    told = f"skipped 1 images, as their paths are no UTF-8: rename them, the first is '{path}'"
    assert caplog.messages == [told, told]


@pytest.mark.parametrize("side", ["Train", "Test"])
def test_an_unknown_class_folder_is_named(tmp_path: Path, side: str) -> None:
    fill(tmp_path, "Train/NV/a.jpg", f"{side}/Freckle/b.jpg")

    with pytest.raises(DataError, match="'Freckle' is no category"):
        read(tmp_path)
