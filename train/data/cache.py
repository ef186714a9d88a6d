"""Resized images on disk, made once, read by every epoch and every later run.

One file of raw pixels and one index a folder; the folder's name is the hash of all that decides
the pixels, so another preprocessing never reads them.
"""

import fcntl
import hashlib
import inspect
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handlers import preprocess
from handlers.model_config import ModelConfig
from handlers.preprocess import RESAMPLING, decode, to_square

log = logging.getLogger(__name__)

# The short side of a training picture, in sides of the model's: augmentation zooms by 1 to 1.5, so
# between the two neither much detail is lost nor much made up.
MARGIN = 1.25
# Of a picture's sides: no square around the middle reaches further out.
LONGEST = 2
TOGETHER = 256
# After so many times as many the index is written, so that a run that is killed keeps them.
WRITTEN_EVERY = 8


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a picture's pixels lie in the file."""

    offset: int
    height: int
    width: int

    @property
    def end(self) -> int:
        return self.offset + self.height * self.width * 3


class ImageCache:
    """Pictures to cut training squares of `train_size` from; without it, the service's squares."""

    def __init__(self, folder: Path, config: ModelConfig, train_size: int | None = None) -> None:
        self.config, self.train_size = config, train_size
        self.folder = folder / key(config, train_size)
        self.pixels = self.folder / "pixels.u8"
        self.places: dict[str, Place] = {}
        self.memory: np.ndarray | None = None

    def fill(self, paths: list[str]) -> None:
        """Adds what is not there yet. Other processes wait: they need the same pictures."""
        if not paths:
            return
        names = {path: name(path) for path in paths}
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / "lock"):
            index = self.read_index()
            absent = {path: entry for path, entry in names.items() if entry not in index}
            if absent:
                log.info("resizing %d images, once (%s)", len(absent), self.folder)
                self.append(absent, index)
        self.places = {path: index[entry] for path, entry in names.items()}
        self.memory = np.memmap(self.pixels, dtype=np.uint8, mode="r")

    def append(self, names: dict[str, str], index: dict[str, Place]) -> None:
        """Also to `index`; `names` is what each path is called in it."""
        paths = list(names)
        with self.pixels.open("ab") as file, ThreadPoolExecutor(os.cpu_count()) as pool:
            offset = max((place.end for place in index.values()), default=0)
            # What a run that was killed wrote without an index entry: nobody reads it.
            file.truncate(offset)
            for number, start in enumerate(range(0, len(paths), TOGETHER), start=1):
                some = paths[start : start + TOGETHER]
                for path, picture in zip(some, pool.map(self.resized, some), strict=True):
                    height, width, _ = picture.shape
                    index[names[path]] = Place(offset=offset, height=height, width=width)
                    offset += file.write(picture.tobytes())
                if number % WRITTEN_EVERY == 0:
                    file.flush()
                    self.write_index(index)
        self.write_index(index)

    def resized(self, path: str) -> np.ndarray:
        size = self.train_size or self.config.image_size
        image = decode(Path(path).read_bytes(), size)
        if self.train_size is None:
            return np.asarray(to_square(image, self.config))
        short = min(image.size)
        # Cut first: enlarged, a very long picture would fill the memory.
        width, height = (min(side, LONGEST * short) for side in image.size)
        left, top = (image.width - width) / 2, (image.height - height) / 2
        scale = MARGIN * size / short
        resized = image.resize(
            (round(width * scale), round(height * scale)),
            RESAMPLING[self.config.interpolation],
            box=(left, top, left + width, top + height),
        )
        return np.asarray(resized)

    def picture(self, path: str) -> np.ndarray:
        """8-bit RGB (height, width, 3), of an image that `fill` was given."""
        assert self.memory is not None
        place = self.places[path]
        pixels = self.memory[place.offset : place.end]
        return pixels.reshape(place.height, place.width, 3)

    def read_index(self) -> dict[str, Place]:
        file = self.folder / "index.json"
        if not (file.is_file() and self.pixels.is_file()):
            return {}
        size = self.pixels.stat().st_size
        try:
            index = {entry: Place(**value) for entry, value in json.loads(file.read_text()).items()}
        # What a machine that went down left of it.
        except (ValueError, TypeError):
            return {}
        # Or it kept the index and lost the end of the pixels.
        return {entry: place for entry, place in index.items() if place.end <= size}

    def write_index(self, index: dict[str, Place]) -> None:
        """In one step, so that a run that is killed leaves the old one."""
        file = self.folder / "index.new"
        file.write_text(json.dumps({key: vars(place) for key, place in index.items()}))
        file.replace(self.folder / "index.json")


def name(path: str) -> str:
    """An image that was changed is another one."""
    facts = Path(path).stat()
    return f"{path}|{facts.st_size}|{facts.st_mtime_ns}"


def key(config: ModelConfig, train_size: int | None) -> str:
    """Hash of the preprocessing: its numbers and its code."""
    facts = [
        str(train_size or ""),
        str(config.image_size if train_size is None else ""),
        config.interpolation,
        str(MARGIN),
        str(LONGEST),
        inspect.getsource(preprocess),
        inspect.getsource(ImageCache.resized),
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
