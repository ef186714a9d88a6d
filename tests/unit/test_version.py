"""Scaling and closing one version, whose workers are a record of what is asked of them."""

import asyncio
from pathlib import Path

import pytest

from serve.dialect.calls import Registration
from serve.dialect.faults import Conflict, Internal
from serve.dialect.metrics import Metrics
from serve.dialect.properties import ServerConfig
from serve.models.archive import ArchivedModel
from serve.models.archive_config import ArchiveConfig
from serve.models.registry import Registry
from serve.models.version import Version

SPOTS = ArchivedModel(
    file="spots.mar",
    folder=Path("/spots"),
    name="spots",
    version="1.0",
    handler="spots.py",
    serialized_file=None,
    envelope=None,
    config=ArchiveConfig(),
)
WANTED = Registration(url="spots.mar")


class Record:
    """A start ends when it may, or fails once all is given up, as Ray's applications do."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_end = asyncio.Event()
        self.deployed = True

    async def start(self, least: int, most: int) -> None:
        self.asked.append(f"start {least} to {most}")
        await asyncio.wait_for(self.may_end.wait(), 5)
        self.asked.append("started")

    async def give_up(self) -> None:
        self.asked.append("give up")
        if self.deployed:
            self.may_end.set()

    async def stop(self) -> None:
        self.asked.append("stop")


@pytest.fixture
def registry() -> Registry:
    return Registry(ServerConfig(), Metrics())


def entered(registry: Registry) -> tuple[Version, Record]:
    version, record = registry.enter(SPOTS, WANTED), Record()
    version.workers = record  # type: ignore[assignment]  # what it needs of them
    return version, record


def test_what_is_closed_while_it_starts_is_stopped_after_that(registry: Registry) -> None:
    async def closed() -> list[str]:
        version, record = entered(registry)
        starting = asyncio.create_task(version.scale(1, 1))
        await asyncio.sleep(0)
        await asyncio.wait_for(version.close(), 5)
        await starting
        return record.asked

    assert asyncio.run(closed()) == ["start 1 to 1", "give up", "started", "stop"]


def test_what_is_closed_starts_nothing_that_was_still_to_come(registry: Registry) -> None:
    async def closed() -> tuple[list[str], BaseException | None]:
        version, record = entered(registry)
        first = asyncio.create_task(version.scale(1, 1))
        second = asyncio.create_task(version.scale(2, 2))
        await asyncio.sleep(0)
        await asyncio.wait_for(version.close(), 5)
        await first
        (refused,) = await asyncio.gather(second, return_exceptions=True)
        return record.asked, refused

    asked, refused = asyncio.run(closed())

    assert asked == ["start 1 to 1", "give up", "started", "stop"]
    assert isinstance(refused, Internal)
    assert str(refused) == "Failed to start workers for model spots version: 1.0"


def test_its_name_is_free_when_it_has_ended(registry: Registry) -> None:
    async def ended() -> None:
        version, record = entered(registry)
        registry.forget(version)
        record.deployed = False
        starting = asyncio.create_task(version.scale(1, 1))
        await asyncio.sleep(0)
        ending = asyncio.create_task(registry.end(version))
        await asyncio.sleep(0)
        with pytest.raises(Conflict, match=r"1\.0 is still being unregistered for model spots"):
            registry.enter(SPOTS, WANTED)
        record.may_end.set()
        await asyncio.gather(starting, ending)
        registry.enter(SPOTS, WANTED)

    asyncio.run(ended())
