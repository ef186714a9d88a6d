"""Small archives, packed by hand, and what refuses them."""

import json
import zipfile
from pathlib import Path

import pytest

from serve.dialect.faults import InvalidModel
from serve.models.archive import unpack
from serve.models.limits import Limits


def manifest(**model: object) -> str:
    named = {"modelName": "spots", "modelVersion": "1.0", "handler": "spots.py"}
    return json.dumps({"runtime": "python", "model": named | model})


def mar(folder: Path, files: dict[str, str | bytes], **model: object) -> Path:
    path = folder / "spots.mar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MAR-INF/MANIFEST.json", manifest(**model))
        for name, content in {"spots.py": "handle = None\n", **files}.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def refused(archive: Path, into: Path, limits: Limits | None = None) -> str:
    """The sentence; nothing of the archive stays behind."""
    with pytest.raises(InvalidModel) as caught:
        unpack(archive, into, limits=limits)
    assert not into.exists() or list(into.iterdir()) == []
    assert caught.value.code == 400
    return str(caught.value)
