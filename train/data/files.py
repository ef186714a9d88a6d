"""The image files below a folder."""

import os
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}


def images_below(folder: Path) -> list[Path]:
    """In order. What is linked to counts too, a folder only once; what is hidden does not."""
    found: list[Path] = []
    been: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in been:
            folders.clear()
            continue
        been.add(real)
        # In place, as it is these that os.walk goes into.
        folders[:] = [name for name in folders if not is_hidden(name)]
        found += [Path(place, name) for name in names if is_image(Path(name))]
    return sorted(found)


def is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not is_hidden(path.name)


def is_hidden(name: str) -> bool:
    """As .ipynb_checkpoints, in which a notebook keeps copies of images."""
    return name.startswith(".")
