"""Folders that several unit tests ask for."""

from pathlib import Path

import pytest


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
