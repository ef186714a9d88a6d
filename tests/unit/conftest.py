"""Folders, and a state of this process, that several unit tests ask for."""

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handlers.categories import WITHOUT_UNKNOWN
from tests.images import lesion
from tests.unit.evaluated import write_labelled, write_trained
from train.checkpoint import read
from train.pth_to_pt import export

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


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three categories of eight images, of which evaluations leave some out."""
    folder = tmp_path_factory.mktemp("labelled")
    write_labelled(folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that was trained on two of the labelled images."""
    file = tmp_path_factory.mktemp("trained") / "best_model.pth"
    write_trained(file)
    return file


@pytest.fixture(scope="session")
def its_export(trained: Path) -> tuple[Path, Path]:
    """The trained checkpoint's model and its config."""
    sha256 = hashlib.sha256(trained.read_bytes()).hexdigest()
    model, config = trained.with_name("skin_vit.pt"), trained.with_name("config.json")
    export(read(trained), sha256, "1.0", model, config)
    return model, config


@pytest.fixture
def mlflow_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


@pytest.fixture
def unignored() -> Iterator[None]:
    """What is started sees every signal, also where nohup or a shell's & has these tests ignore
    some."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
