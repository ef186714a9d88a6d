"""Refuses a folder that can't be written to, before the hours of work that would be lost."""

import os
from pathlib import Path


class OutError(Exception):
    """Nothing can be kept there; the text says what to do."""


def writable(folder: Path) -> None:
    """Makes nothing: a command that then fails leaves no empty folder."""
    folder = folder.resolve()
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise OutError(f"{folder} can't be written to ({there}): name another folder with --out.")
