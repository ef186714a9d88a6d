"""A pickle that creates a file where a careless reader opens it."""

from collections.abc import Callable
from pathlib import Path


class Bomb:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.file,)
