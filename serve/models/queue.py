"""What waits for the workers of one version, and how it is gathered into batches."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field

from handlers.errors import Fault
from serve.dialect.calls import Failure, Job, Reply
from serve.dialect.faults import Internal

# After so many requests in a row that waited for others and got none, one is not kept waiting.
WAITS_FOR_NOBODY = 20


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

    A batch is gathered from its first request on for at most the delay, and not at all while
    requests come one by one; only requests of one command share it. `run` gets its jobs and the
    seconds that each has waited.
    """

    def __init__(
        self,
        run: Callable[[list[Job], list[float]], Awaitable[list[Reply | Failure]]],
        batching: Batching,
    ) -> None:
        self.run = run
        self.batching = batching
        self.workers = 0
        self.waited_for_nobody = 0
        self.waiting: deque[Waiting] = deque()
        self.arrived = asyncio.Event()
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.at_work: set[asyncio.Task[None]] = set()

    async def ask(self, job: Job) -> Reply:
        """Raises QueueFull, or the fault that the worker answered with."""
        if self.workers == 0 or len(self.waiting) >= self.batching.capacity:
            raise QueueFull
        if self.at_work:
            self.waited_for_nobody = 0
        mine = Waiting(job=job, answer=asyncio.get_running_loop().create_future())
        self.waiting.append(mine)
        self.quiet.clear()
        # Whoever gathers is woken before another batch begins.
        self.arrived.set()
        self.start()
        try:
            return await mine.answer
        finally:
            # Who goes away while it waits leaves its place to another.
            if mine.answer.cancelled():
                self.waiting = deque(one for one in self.waiting if one is not mine)

    def resize(self, workers: int) -> None:
        """With no worker left nobody can be answered, so whoever waits is told so."""
        self.workers = workers
        while workers == 0 and self.waiting:
            one = self.waiting.popleft()
            if not one.answer.done():
                one.answer.set_exception(QueueFull())
        # Each worker that is idle may have a batch of its own.
        for _ in range(max(1, len(self.waiting))):
            self.start()

    async def drained(self, batch_s: float) -> None:
        """Everybody is answered: where no batch ends within its delay and `batch_s`, by a fault."""
        while not self.quiet.is_set():
            ended, _ = await asyncio.wait(
                self.at_work,
                timeout=self.batching.delay_s + batch_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not ended:
                self.resize(0)
                for task in self.at_work:
                    task.cancel()
                return

    def start(self) -> None:
        if self.waiting and len(self.at_work) < self.workers:
            # In nobody's context: Ray ends what belongs to a request with it; this is several's.
            task = asyncio.create_task(self.one_batch(), context=Context())
            self.at_work.add(task)
            task.add_done_callback(self.ended)
        elif not self.waiting and not self.at_work:
            self.quiet.set()

    def ended(self, task: asyncio.Task[None]) -> None:
        self.at_work.discard(task)
        self.start()

    async def one_batch(self) -> None:
        batch: list[Waiting] = []
        try:
            await self.gather(batch)
            await self.answer(batch)
        finally:
            # Whatever is raised on the way goes on, and everybody is told something.
            for one in batch:
                one.settle(Internal("Worker died."))

    async def gather(self, batch: list[Waiting]) -> None:
        deadline = time.perf_counter() + self.batching.delay_s
        while True:
            self.take_alike(batch)
            left = deadline - time.perf_counter()
            if not batch or len(batch) >= self.size_of(batch) or left <= 0:
                return
            if self.waited_for_nobody >= WAITS_FOR_NOBODY:
                return
            self.arrived.clear()
            try:
                async with asyncio.timeout(left):
                    await self.arrived.wait()
            except TimeoutError:
                self.waited_for_nobody += len(batch) == 1
                return

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

    async def answer(self, batch: list[Waiting]) -> None:
        if not batch:
            return
        now = time.perf_counter()
        found: Sequence[Reply | Failure | Fault]
        try:
            found = await self.run([one.job for one in batch], [now - one.since for one in batch])
        except Fault as fault:
            found = [fault] * len(batch)
        for one, answer in zip(batch, found, strict=True):
            one.settle(answer)
