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


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a picture's pixels lie in the file."""

    offset: int
    height: int
    width: int


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
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / "lock"):
            self.places = self.read_index()
            absent = [path for path in dict.fromkeys(paths) if name(path) not in self.places]
            if absent:
                log.info("resizing %d images, once (%s)", len(absent), self.folder)
                self.append(absent)
        self.memory = np.memmap(self.pixels, dtype=np.uint8, mode="r")

    def append(self, paths: list[str]) -> None:
        with self.pixels.open("ab") as file, ThreadPoolExecutor(os.cpu_count()) as pool:
            # What a run that was killed wrote without an index entry is never read.
            offset = file.seek(0, os.SEEK_END)
            for start in range(0, len(paths), TOGETHER):
                some = paths[start : start + TOGETHER]
                for path, picture in zip(some, pool.map(self.resized, some), strict=True):
                    height, width, _ = picture.shape
                    self.places[name(path)] = Place(offset=offset, height=height, width=width)
                    offset += file.write(picture.tobytes())
        self.write_index()

    def resized(self, path: str) -> np.ndarray:
        size = self.train_size or self.config.image_size
        image = decode(Path(path).read_bytes(), size)
        if self.train_size is None:
            return np.asarray(to_square(image, self.config))
        scale = MARGIN * size / min(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        most = LONGEST * min(width, height)
        resized = np.asarray(image.resize((width, height), RESAMPLING[self.config.interpolation]))
        top, left = max(0, height - most) // 2, max(0, width - most) // 2
        return resized[top : height - top, left : width - left]

    def picture(self, path: str) -> np.ndarray:
        """8-bit RGB (height, width, 3), of an image that `fill` was given."""
        assert self.memory is not None
        place = self.places[name(path)]
        end = place.offset + place.height * place.width * 3
        return self.memory[place.offset : end].reshape(place.height, place.width, 3)

    def read_index(self) -> dict[str, Place]:
        file = self.folder / "index.json"
        if not file.is_file():
            return {}
        return {key: Place(**value) for key, value in json.loads(file.read_text()).items()}

    def write_index(self) -> None:
        """In one step, so that a run that is killed leaves the old one."""
        file = self.folder / "index.new"
        file.write_text(json.dumps({key: vars(place) for key, place in self.places.items()}))
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
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
