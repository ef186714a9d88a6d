"""The folder that the servers write to, which two starts must not share."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from up.processes import StartError

log = logging.getLogger(__name__)

LOCK = "in_use_by_up.lock"


@contextmanager
def reserved(logs: Path) -> Iterator[None]:
    """Until it ends, also by being killed: the servers themselves do not inherit the lock, so that
    those of a killed start, which nobody ends, keep no other from starting."""
    try:
        logs.mkdir(parents=True, exist_ok=True)
        file = (logs / LOCK).open("wb")
    except OSError as error:
        raise StartError(
            f"Nothing can be written to {logs} ({error.strerror}): set SKIN_LOGS to another folder."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            # They would overwrite each other's keys and logs.
            raise StartError(
                f"Other servers, by another python -m up, write to {logs}: end that one, or set"
                " SKIN_LOGS to another folder."
            ) from error
        except OSError as error:
            # A file system without locks is no reason not to start.
            log.warning("%s can't be reserved: start no other servers on it (%s)", logs, error)
        yield
