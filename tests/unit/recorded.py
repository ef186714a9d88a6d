"""Workers that only keep a record of what is asked of them, in place of Ray's replicas."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from serve.dialect.calls import Failure, Job, Registration, Reply
from serve.dialect.properties import ServerConfig
from serve.models.fleet import CannotStart, Replica
from serve.models.server import ModelServer
from serve.models.spec import Worked, WorkerSpec
from serve.models.store import ModelStore
from tests.unit.packed import mar

ONE = Registration(url="spots.mar", initial_workers=1)


class Record:
    """Starts when it may, as often as it can; answers when it may."""

    made: dict[str, "Record"] = {}  # noqa: RUF012  # by name, as Ray keeps its applications
    bug: Exception | None = None

    def __init__(self, name: str, spec: WorkerSpec, *_: object) -> None:
        self.name, self.spec = name, spec
        self.running: tuple[int, int] = (0, 0)
        self.at_most = 100
        self.body: bytes | None = None
        self.may_start, self.may_answer, self.may_tell = (asyncio.Event() for _ in range(3))
        for event in (self.may_start, self.may_answer, self.may_tell):
            event.set()
        Record.made[name] = self

    async def start(self, least: int, most: int) -> None:
        await self.may_start.wait()
        if least > self.at_most:
            raise CannotStart("as asked")
        if Record.bug:
            raise Record.bug
        await self.deploy(least, most)

    async def deploy(self, least: int, most: int) -> None:
        self.running = least, most

    async def work(self, jobs: list[Job]) -> Worked:
        await self.may_answer.wait()
        answers: list[Reply | Failure] = [
            Reply(body=one.request_id.encode() if self.body is None else self.body) for one in jobs
        ]
        return Worked(answers=answers, seconds=0.0, measured=[])

    async def replicas(self) -> list[Replica]:
        await self.may_tell.wait()
        return []

    async def give_up(self) -> None:
        self.may_start.set()

    @classmethod
    async def end_others(cls, names: set[str]) -> None:
        for name in cls.made.keys() - names:
            await cls.made[name].stop()

    async def stop(self) -> None:
        self.running = 0, 0


def model_server(folder: Path) -> ModelServer:
    """With spots.mar, version 1.0, and later.mar, version 2.0, in its store."""
    store = folder / "store"
    store.mkdir()
    mar(store, {}, modelVersion="2.0").rename(store / "later.mar")
    mar(store, {})
    config = ServerConfig(allowed_urls=("file://.*",))
    return ModelServer(config, ModelStore(store, config.allowed_urls), folder / "models")


def ran(scenario: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(10):
            await scenario()

    asyncio.run(run())


async def all_done(server: ModelServer) -> None:
    while server.tasks.running:
        await asyncio.sleep(0.01)
