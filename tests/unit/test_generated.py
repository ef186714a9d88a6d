"""Generated lesions are a data set like the official one, the same for a seed."""

from pathlib import Path

import pandas as pd
import pytest

from handlers.categories import WITHOUT_UNKNOWN
from train.data import generated
from train.data.generated import LESIONS, PICTURES, generate
from train.data.layouts import read
from train.data.split import readable


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("generated"), seed=0)


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return read(folder)


def bodies(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_official_layout_is_read_back(
    table: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    counts = table["code"].value_counts().to_dict()

    assert counts == dict.fromkeys(WITHOUT_UNKNOWN, LESIONS * PICTURES)
    assert caplog.messages == []


def test_every_picture_can_be_read(table: pd.DataFrame) -> None:
    assert len(readable(table)) == len(table)


def test_a_lesion_has_several_pictures_of_one_category(table: pd.DataFrame) -> None:
    lesions = table.groupby("lesion")

    assert set(lesions.size()) == {PICTURES}
    assert PICTURES > 1
    assert set(lesions["code"].nunique()) == {1}


def test_no_two_pictures_are_the_same(folder: Path) -> None:
    pictures = [body for name, body in bodies(folder).items() if name.endswith(".jpg")]

    assert len(set(pictures)) == len(pictures) == len(WITHOUT_UNKNOWN) * LESIONS * PICTURES


def test_a_seed_is_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "LESIONS", 1)

    first = bodies(generate(tmp_path / "first", seed=0))
    other = bodies(generate(tmp_path / "second", seed=1))
    again = bodies(generate(tmp_path / "second", seed=0))

    assert again == first
    # What is the same is left as it was, and so are the resized images made of it.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "second").rglob("*.jpg")}
    generate(tmp_path / "second", seed=0)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert other.keys() == first.keys()
    assert not {n for n in first if n.endswith(".jpg") and other[n] == first[n]}
