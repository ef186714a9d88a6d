"""The image files below a folder."""

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}


def images_below(folder: Path) -> list[Path]:
    """In order. What is linked to counts too, a folder only once; what is hidden does not, nor what
    has no name that can be written down, which is told."""
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
    named = sorted(path for path in found if is_text(str(path)))
    if nameless := sorted(set(found) - set(named)):
        log.warning(
            "skipped %d images, as their paths are no UTF-8: rename them, the first is %r",
            len(nameless),
            str(nameless[0]),
        )
    return named


def is_text(path: str) -> bool:
    """Python keeps bytes that are no UTF-8 in a name, but no table or file takes them."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not is_hidden(path.name)


def is_hidden(name: str) -> bool:
    """As .ipynb_checkpoints, in which a notebook keeps copies of images."""
    return name.startswith(".")
