"""Where results are kept: what can't be written to is refused before the hours of work that would
be lost, and no file is left half written."""

import os
import time
from pathlib import Path

LOOK_EVERY_S = 0.1


class OutError(Exception):
    """Nothing can be kept there; the text says what to do."""


def writable_file(file: Path, flag: str = "--out") -> None:
    if file.is_dir():
        raise OutError(f"{file} is a folder: name a file in it.")
    writable(file.parent, flag)


def writable(folder: Path, flag: str = "--out") -> None:
    """Makes nothing: a command that then fails leaves no empty folder."""
    folder = folder.resolve()
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise OutError(f"{folder} can't be written to ({there}): name another folder with {flag}.")


def folder_of_now(parent: Path) -> Path:
    """A new one that goes by the time; who begins in the same second waits for the next."""
    while True:
        folder = parent / time.strftime("%Y%m%d-%H%M%S")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            time.sleep(LOOK_EVERY_S)
        else:
            return folder


def write_whole(file: Path, content: bytes) -> None:
    """Or not at all: what is there may be the only copy."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(content)
    part.replace(file)
