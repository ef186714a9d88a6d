"""What waits for the workers of one version, and how it is gathered into batches."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field

from handlers.errors import Fault
from serve.dialect.calls import Failure, Job, Reply
from serve.dialect.faults import Internal


class QueueFull(Exception):
    """No place is left, or there is no worker to wait for."""


@dataclass(frozen=True, kw_only=True)
class Batching:
    size: int
    delay_s: float
    capacity: int


@dataclass(frozen=True, kw_only=True)
class Waiting:
    job: Job
    answer: asyncio.Future[Reply]
    since: float = field(default_factory=time.perf_counter)

    def settle(self, found: Reply | Failure | Fault) -> None:
        if self.answer.done():
            return
        if isinstance(found, Reply):
            self.answer.set_result(found)
        elif isinstance(found, Failure):
            self.answer.set_exception(Internal(found.message, found.code))
        else:
            self.answer.set_exception(found)


class VersionQueue:
    """First in, first out; as many batches at work as there are workers.

    A batch is gathered from its first request on for at most the delay; only requests of one
    command share it. `run` gets its jobs and the seconds that each has waited.
    """

    def __init__(
        self,
        run: Callable[[list[Job], list[float]], Awaitable[list[Reply | Failure]]],
        batching: Batching,
    ) -> None:
        self.run = run
        self.batching = batching
        self.workers = 0
        self.at_work = 0
        self.waiting: deque[Waiting] = deque()
        self.arrived = asyncio.Event()
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def ask(self, job: Job) -> Reply:
        """Raises QueueFull, or the fault that the worker answered with."""
        if self.workers == 0 or len(self.waiting) >= self.batching.capacity:
            raise QueueFull
        mine = Waiting(job=job, answer=asyncio.get_running_loop().create_future())
        self.waiting.append(mine)
        self.quiet.clear()
        # Whoever gathers is woken before another batch begins.
        self.arrived.set()
        self.start()
        return await mine.answer

    def resize(self, workers: int) -> None:
        """With no worker left nobody can be answered, so whoever waits is told so."""
        self.workers = workers
        while workers == 0 and self.waiting:
            one = self.waiting.popleft()
            if not one.answer.done():
                one.answer.set_exception(QueueFull())
        self.start()

    async def drained(self) -> None:
        await self.quiet.wait()

    def start(self) -> None:
        if self.waiting and self.at_work < self.workers:
            self.at_work += 1
            # In nobody's context: Ray ends what belongs to a request with it; this is several's.
            task = asyncio.create_task(self.one_batch(), context=Context())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif not self.waiting and not self.at_work:
            self.quiet.set()

    async def one_batch(self) -> None:
        try:
            await self.answered(await self.gathered())
        finally:
            self.at_work -= 1
            self.start()

    async def gathered(self) -> list[Waiting]:
        batch: list[Waiting] = []
        deadline = time.perf_counter() + self.batching.delay_s
        while True:
            self.take_alike(batch)
            left = deadline - time.perf_counter()
            if not batch or len(batch) >= self.size_of(batch) or left <= 0:
                return batch
            self.arrived.clear()
            try:
                async with asyncio.timeout(left):
                    await self.arrived.wait()
            except TimeoutError:
                return batch

    def size_of(self, batch: list[Waiting]) -> int:
        return 1 if batch[0].job.command == "describe" else self.batching.size

    def take_alike(self, batch: list[Waiting]) -> None:
        """Moves over what may join; whoever has gone away meanwhile is left out."""
        others: deque[Waiting] = deque()
        while self.waiting:
            one = self.waiting.popleft()
            if one.answer.done():
                continue
            alike = not batch or one.job.command == batch[0].job.command
            if alike and (not batch or len(batch) < self.size_of(batch)):
                batch.append(one)
            else:
                others.append(one)
        self.waiting = others

    async def answered(self, batch: list[Waiting]) -> None:
        if not batch:
            return
        now = time.perf_counter()
        # Whatever is raised on the way goes on, and everybody is told something.
        found: list[Reply | Failure | Fault] = [Internal("Worker died.")] * len(batch)
        try:
            found = [
                *await self.run([one.job for one in batch], [now - one.since for one in batch])
            ]
        except Fault as fault:
            found = [fault] * len(batch)
        finally:
            for one, answer in zip(batch, found, strict=True):
                one.settle(answer)
