"""Puts a run's checkpoint where it is served from, and keeps the one that it replaces."""

import logging
from hashlib import sha256
from pathlib import Path

from train.writable import write_whole

log = logging.getLogger(__name__)

PREVIOUS_MODEL = "previous_model.pth"
# In the run's folder: the hashes of all that it put there.
PLACED = "placed.sha256"


def place(weights: bytes, target: Path, folder: Path) -> None:
    """`folder` is the run's. Whenever this ends, there is a whole file at `target`, if there was
    one, and the next time still knows what is the run's own and what was there before it."""
    placed = folder / PLACED
    own = placed.read_text().split() if placed.exists() else []
    write_whole(placed, "\n".join([*own, sha256(weights).hexdigest()]).encode())
    # What this run put there before it was resumed is no user's model.
    if target.exists() and sha256(before := target.read_bytes()).hexdigest() not in own:
        # A copy: there is a model at `target` all the time.
        write_whole(target.with_name(PREVIOUS_MODEL), before)
        log.info("the checkpoint that was there is now %s", target.with_name(PREVIOUS_MODEL))
    write_whole(target, weights)
