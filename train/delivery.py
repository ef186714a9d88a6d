"""Sends a run's messages from a thread, so that a server that is down or slow delays nothing."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf

from train.outbox import Message, Outbox, State

log = logging.getLogger(__name__)

TRY_EVERY_S = 3.0
LOOK_EVERY_S = 0.05

# Message, id of the run if it has one -> id of the run.
Deliver = Callable[[Message, str | None], str | None]


class Unreachable(Exception):
    """Nothing can be sent for now; the text says why."""


class Refused(Exception):
    """This message will never be taken; the text says why."""


class Forgotten(Exception):
    """The server does not know the run any more: its database is another one."""


def send(outbox: Outbox, deliver: Deliver, until: float = inf, deadline: float = inf) -> bool:
    """Sends in order what ends by the byte `until`; False if the server can't be reached."""
    with outbox.sending() as allowed:
        if not allowed:
            return True
        state = outbox.state()
        for waiting in outbox.waiting():
            if waiting.end > until or time.monotonic() > deadline:
                break
            try:
                run_id = deliver(waiting.message, state.run_id)
            except Unreachable as error:
                outbox.mark(replace(state, failure=str(error)))
                return False
            except Forgotten as error:
                log.warning("MLflow is told all of %s anew: %s", outbox.messages, error)
                outbox.mark(State())
                return True
            except Refused as error:
                log.warning("MLflow refused a message, left out: %s: %s", outbox.messages, error)
                state = replace(state, sent=waiting.end, failure=None)
                outbox.mark(state)
            else:
                state = replace(state, sent=waiting.end, run_id=run_id, failure=None)
                outbox.mark(state)
                outbox.discard(waiting.message)
        return True


def say_kept(outbox: Outbox, server: str) -> int:
    """How many messages could not be sent, and what to do about them."""
    kept = len(outbox.waiting())
    if kept:
        log.warning(
            "%d messages for MLflow at %s are kept in %s: they are sent by the next run with the"
            " same --out, or by: python -m train.send %s (%s)",
            kept,
            server,
            outbox.folder,
            outbox.folder,
            outbox.state().failure or "not tried yet",
        )
    return kept


class Delivery:
    """Sends what this process put into the outbox, and with it what lies before.

    So rank 0 sends during the training, while the driver, which sends before and after, only
    watches: a worker's log is not shown, so it is the driver that says that the server is down.
    """

    def __init__(self, outbox: Outbox, deliver: Deliver, server: str) -> None:
        self.outbox, self.deliver, self.server = outbox, deliver, server
        self.until = 0
        self.failed_at = -inf
        self.down = False
        self.wake = threading.Event()
        threading.Thread(target=self.work, name="mlflow", daemon=True).start()

    def begin(self, until: int) -> None:
        self.until = until
        self.wake.set()

    def settle(self, within_s: float) -> int:
        """Waits until all is sent, the server fails or time is up; returns how many are kept."""
        began = time.monotonic()
        while self.behind() and self.failed_at < began and time.monotonic() < began + within_s:
            self.wake.set()
            time.sleep(LOOK_EVERY_S)
        return len(self.outbox.waiting())

    def behind(self) -> bool:
        return self.outbox.state().sent < self.until

    def work(self) -> None:
        while True:
            self.wake.wait(TRY_EVERY_S)
            self.wake.clear()
            began = time.monotonic()
            if self.behind() and not send(self.outbox, self.deliver, self.until):
                self.failed_at = began
            self.tell()

    def tell(self) -> None:
        """Says once that the server is down, and once that it is back."""
        failure = self.outbox.state().failure
        if failure and not self.down:
            log.warning(
                "MLflow at %s can't be reached; the run goes on, what it logs is kept in %s (%s)",
                self.server,
                self.outbox.folder,
                failure,
            )
        elif self.down and not failure:
            log.info(
                "MLflow at %s is back: what was kept in %s is being sent",
                self.server,
                self.outbox.folder,
            )
        self.down = failure is not None
