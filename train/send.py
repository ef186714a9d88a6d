"""Sends to MLflow what runs could not while its server was down: python -m train.send [FOLDER]."""

import argparse
import logging
import os
import sys
import time
from functools import partial
from math import inf
from pathlib import Path

from registry.address import answers
from train.delivery import LOOK_EVERY_S, say_kept, send
from train.followed import followed
from train.outbox import MESSAGES, Outbox
from train.tracking import END_WITHIN_S, Run, deliver

log = logging.getLogger(__name__)

PATIENT_REQUEST_WITHIN_S = 300


def main(arguments: list[str] | None = None) -> int:
    """0 if nothing is left to send, 1 if something is, 2 for a mistake."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="python -m train.send", description=__doc__)
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("model_store"),
        help="the --out of the runs (model_store)",
    )
    folder: Path = parser.parse_args(arguments).folder
    if not folder.is_dir():
        log.error("There is no folder %s: name the one that runs were written to.", folder)
        return 2
    # Nothing waits for it here, so a slow server gets its time.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(PATIENT_REQUEST_WITHIN_S))
    if send_pending(folder, within_s=inf):
        return 1
    log.info("nothing waits in %s", folder)
    return 0


def send_pending(out: Path, within_s: float = END_WITHIN_S) -> int:
    """Sends what runs below `out` left, the oldest first; returns how many messages are kept."""
    deadline = time.monotonic() + within_s
    outboxes = [Outbox(path.parent) for path in out.resolve().rglob(MESSAGES)]
    unsent = [outbox for outbox in outboxes if outbox.waiting() and is_whole(outbox)]
    kept = 0
    silent: set[str] = set()
    # A parent is older than its children, which need its id.
    for outbox in sorted(unsent, key=lambda outbox: int(outbox.first()["time"])):
        first = outbox.first()
        # Runs of before don't say where they were begun.
        before = Path(first.get("folder", outbox.folder))
        uri = followed(first["uri"], before, outbox.folder)
        run = Run(uri=uri, folder=str(outbox.folder))
        # Again and again, as another process may be sending just now.
        while run.uri not in silent and outbox.waiting() and time.monotonic() < deadline:
            if not send(outbox, partial(deliver, run), deadline=deadline):
                if is_silent(run.uri):
                    silent.add(run.uri)
                # Else it has to do with this run alone, and the others' may well be taken.
                break
            time.sleep(LOOK_EVERY_S)
        kept += say_kept(outbox, run.uri)
    return kept


def is_whole(outbox: Outbox) -> bool:
    """Whether it begins as every run's does: part of a folder may have been copied or moved."""
    if outbox.first()["kind"] == "create":
        return True
    log.warning("%s is not the beginning of a run, and is left alone", outbox.messages)
    return False


def is_silent(uri: str) -> bool:
    return uri.startswith("http") and not answers(uri)


if __name__ == "__main__":
    sys.exit(main())
