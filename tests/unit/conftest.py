"""Folders that several unit tests ask for."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handlers.categories import WITHOUT_UNKNOWN
from tests.images import lesion

# Drawings of a category, just enough to fit on, and pictures of none.
EACH = 7
STRANGE = 10


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Where archives are unpacked; not there yet."""
    return tmp_path / "unpacked"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A model store, empty."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven of each category."""
    data = tmp_path_factory.mktemp("drawings")
    for code in WITHOUT_UNKNOWN:
        folder = data / "Train" / code
        folder.mkdir(parents=True)
        for number in range(EACH):
            lesion(number, code).save(folder / f"{number}.jpg")
    return data


@pytest.fixture(scope="session")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise in every colour, some of it in a folder below."""
    folder = tmp_path_factory.mktemp("strange")
    (folder / "more").mkdir()
    for number in range(STRANGE):
        values = np.random.default_rng(number).integers(0, 256, (180, 240, 3), dtype=np.uint8)
        name = f"more/{number}.png" if number % 2 else f"{number}.png"
        Image.fromarray(values).save(folder / name)
    return folder


@pytest.fixture
def export_arguments(tmp_path: Path) -> list[str]:
    """Of train.pth_to_pt, for files in `tmp_path`."""
    files = {"--checkpoint": "in.pth", "--out": "out.pt", "--config": "out.json"}
    return [word for flag, name in files.items() for word in (flag, str(tmp_path / name))]
