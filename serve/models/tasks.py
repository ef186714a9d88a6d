"""Work that goes on to its end, whoever asked for it."""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, TypeVar

from handlers.errors import Fault

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Tasks:
    def __init__(self) -> None:
        self.running: set[asyncio.Task[Any]] = set()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Nobody waits for it: the log has the only account of a fault."""
        self.begin(logged(work))

    async def whole(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Its result. Ray cancels the request of a client that goes away, but not this: half a
        change would leave workers that belong to nobody.
        """
        return await asyncio.shield(self.begin(work))

    def begin(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """As part of nobody's request, which Ray would end with it."""
        task = asyncio.create_task(work, context=Context())
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task


async def logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Fault as fault:
        log.error("%s", fault)
    except Exception:  # a bug, of which nobody else would hear
        log.exception("a change that nobody waits for")
