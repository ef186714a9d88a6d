"""The address of MLflow's SQLite file now: it is moved together with the runs that log to it."""

from pathlib import Path

from registry.address import SQLITE
from registry.moved import readdress


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
            readdress(there)
            return f"{SQLITE}{there}"
    return uri
