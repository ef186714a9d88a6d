"""A queue before a worker that keeps what it got."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from serve.dialect.calls import Command, Failure, Job, Reply
from serve.models.queue import Batching, VersionQueue

ASKER: ContextVar[str] = ContextVar("asker")


def job(name: str, command: Command = "predict") -> Job:
    return Job(request_id=name, parameters=(), command=command)


class Worker:
    """Keeps the batches it got; holds each until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.fails: Failure | None = None
        self.raises: BaseException | None = None
        self.seen_asker = False

    async def run(self, jobs: list[Job], waited_s: list[float]) -> list[Reply | Failure]:
        assert len(waited_s) == len(jobs)
        self.batches.append([one.request_id for one in jobs])
        await self.free.wait()
        self.seen_asker = ASKER.get(None) is not None
        if self.raises:
            raise self.raises
        return [self.fails or Reply(body=one.request_id.encode()) for one in jobs]


def queue(worker: Worker, size: int = 4, delay_s: float = 0.2, capacity: int = 10) -> VersionQueue:
    made = VersionQueue(worker.run, Batching(size=size, delay_s=delay_s, capacity=capacity))
    made.resize(1)
    return made


def ran(scenario: Callable[[Worker], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(5):
            await scenario(Worker())

    asyncio.run(run())
