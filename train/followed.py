"""MLflow's SQLite file where it is now: it is moved together with the runs that log to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from registry.address import SQLITE

# Where an experiment's and a run's files are, in full.
ADDRESSES = (
    "UPDATE experiments SET artifact_location = :new || substr(artifact_location, :rest)"
    " WHERE substr(artifact_location, 1, :rest - 1) = :old",
    "UPDATE runs SET artifact_uri = :new || substr(artifact_uri, :rest)"
    " WHERE substr(artifact_uri, 1, :rest - 1) = :old",
)
# Others may be writing.
WITHIN_S = 30


def followed(uri: str, old: Path, new: Path) -> str:
    """The address now, where a run's folder was at `old` and is at `new`; its artefacts' follow.

    What still is where it was, or did not come along, keeps its address.
    """
    file = Path(uri.removeprefix(SQLITE))
    if not uri.startswith(SQLITE) or file.exists():
        return uri
    for before, now in zip(old.parents, new.parents, strict=False):
        if file.is_relative_to(before):
            there = now / file.relative_to(before)
            if not there.is_file():
                break
            readdress(there, file.parent)
            return f"{SQLITE}{there}"
    return uri


def readdress(file: Path, old: Path) -> None:
    """All that lay below `old`, where the file was."""
    places = {"old": f"{old.as_uri()}/", "new": f"{file.parent.as_uri()}/"}
    with closing(sqlite3.connect(file, timeout=WITHIN_S)) as database, database:
        for address in ADDRESSES:
            database.execute(address, places | {"rest": len(places["old"]) + 1})
