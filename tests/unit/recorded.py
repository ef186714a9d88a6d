"""Workers that only keep a record of what is asked of them, in place of Ray's replicas."""

import asyncio

from serve.dialect.calls import Failure, Job, Reply
from serve.models.fleet import CannotStart
from serve.models.spec import Worked, WorkerSpec


class Record:
    """Starts when it may, as often as it can; answers when it may."""

    made: dict[str, "Record"] = {}  # noqa: RUF012  # by name, as Ray keeps its applications

    def __init__(self, name: str, spec: WorkerSpec, *_: object) -> None:
        self.name, self.spec = name, spec
        self.running: tuple[int, int] = (0, 0)
        self.at_most = 100
        self.may_start, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_start.set()
        self.may_answer.set()
        Record.made[name] = self

    async def start(self, least: int, most: int) -> None:
        await self.may_start.wait()
        if least > self.at_most:
            raise CannotStart("as asked")
        self.running = least, most

    async def work(self, jobs: list[Job]) -> Worked:
        await self.may_answer.wait()
        answers: list[Reply | Failure] = [Reply(body=one.request_id.encode()) for one in jobs]
        return Worked(answers=answers, seconds=0.0, measured=[])

    async def give_up(self) -> None:
        self.may_start.set()

    async def stop(self) -> None:
        self.running = 0, 0
