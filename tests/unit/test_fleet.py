"""Starting and ending a version's replicas, with Ray's controller played by a table of states."""

import asyncio
import threading
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray import serve as ray_serve
from ray.serve.schema import ApplicationStatus

from serve.dialect.calls import Registration
from serve.dialect.faults import Internal
from serve.dialect.metrics import Metrics
from serve.dialect.properties import ServerConfig
from serve.models import fleet
from serve.models.registry import Registry
from serve.models.version import Version
from tests.unit.archived import SPOTS

NAME = "spots--1.0"
NOT_STARTED, DEPLOYING, RUNNING, UNHEALTHY, DEPLOY_FAILED = (
    ApplicationStatus.NOT_STARTED,
    ApplicationStatus.DEPLOYING,
    ApplicationStatus.RUNNING,
    ApplicationStatus.UNHEALTHY,
    ApplicationStatus.DEPLOY_FAILED,
)


class Controller:
    """What it is asked to deploy runs, once it has been in the states that are `to_come`."""

    def __init__(self) -> None:
        self.deployed: dict[str, int] = {}
        self.deleted: list[str] = []
        self.to_come: deque[ApplicationStatus] = deque()
        self.hears = threading.Event()
        self.hears.set()

    def run_many(self, targets: list[Any], **_: object) -> list[object]:
        self.hears.wait(5)
        (one,) = targets
        self.deployed[one.name] = one.target._bound_deployment.num_replicas
        return [object()]

    def delete(self, name: str, _blocking: bool) -> None:
        """As Ray passes over a name that it does not know."""
        self.deleted.append(name)
        self.deployed.pop(name, None)

    def status(self) -> SimpleNamespace:
        """With the front itself, and what is others'."""
        names = {"default": "Front", "theirs--1.0": "Worker", "of another front--1": "Worker-other"}
        names |= dict.fromkeys(self.deployed, "Worker-default")
        found = {name: SimpleNamespace(deployments={one: None}) for name, one in names.items()}
        return SimpleNamespace(applications=found)

    def get_serve_status(self, name: str) -> SimpleNamespace:
        status = NOT_STARTED
        if name in self.deployed:
            status = self.to_come.popleft() if self.to_come else RUNNING
        return SimpleNamespace(app_status=SimpleNamespace(status=status))


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch) -> Controller:
    controller = Controller()
    monkeypatch.setattr(ray_serve, "run_many", controller.run_many)
    monkeypatch.setattr(ray_serve, "delete", controller.delete)
    monkeypatch.setattr(ray_serve, "status", controller.status)
    monkeypatch.setattr(
        ray_serve, "get_replica_context", lambda: SimpleNamespace(app_name="default")
    )
    monkeypatch.setattr(fleet, "_get_global_client", lambda: controller)
    monkeypatch.setattr(fleet, "LOOK_EVERY_S", 0)
    monkeypatch.setattr(ray, "cluster_resources", dict)
    return controller


def version(**terms: int) -> Version:
    return Registry(ServerConfig(), Metrics()).enter(SPOTS, Registration(url="spots.mar", **terms))  # type: ignore[arg-type]


def counted(version: Version) -> tuple[int, int, int]:
    return version.min_workers, version.max_workers, version.queue.workers


@pytest.mark.parametrize("before", [2, 1], ids=["as many", "more"])
@pytest.mark.parametrize("state", [UNHEALTHY, DEPLOY_FAILED])
def test_workers_are_scaled_while_one_that_died_is_replaced(
    controller: Controller, before: int, state: ApplicationStatus
) -> None:
    async def scaled() -> Version:
        spots = version()
        await spots.scale(before, before)
        controller.to_come.extend([state, state, DEPLOYING, state, state])
        await spots.scale(2, 2)
        return spots

    assert counted(asyncio.run(scaled())) == (2, 2, 2)
    assert controller.deployed == {NAME: 2}


def test_a_front_that_comes_again_waits_for_a_worker_that_is_replaced(
    controller: Controller,
) -> None:
    controller.deployed[NAME] = 2
    controller.to_come.extend([UNHEALTHY, UNHEALTHY])
    restored = version()

    asyncio.run(restored.scale(2, 2))

    assert counted(restored) == (2, 2, 2)


def test_a_worker_that_does_not_come_back_in_time_takes_no_other_with_it(
    controller: Controller,
) -> None:
    async def scaled() -> Version:
        spots = version()
        await spots.scale(2, 2)
        controller.to_come.extend([UNHEALTHY] * 10)
        spots.workers.startup_timeout_s = 0
        with pytest.raises(Internal, match="Failed to start workers"):
            await spots.scale(3, 3)
        return spots

    assert counted(asyncio.run(scaled())) == (2, 2, 2)
    assert controller.deployed == {NAME: 2}


@pytest.mark.parametrize("state", [UNHEALTHY, DEPLOY_FAILED])
def test_a_first_start_that_fails_does_so_at_once(
    controller: Controller, state: ApplicationStatus
) -> None:
    async def started() -> Version:
        spots = version()
        # Once it is stopped, Ray knows nothing of it.
        controller.to_come.extend([DEPLOYING, state])
        with pytest.raises(Internal, match="Failed to start workers"):
            await spots.scale(1, 1)
        return spots

    assert counted(asyncio.run(started())) == (0, 0, 0)
    assert controller.deployed == {}


def test_a_start_whose_time_is_over_before_ray_hears_of_it_leaves_nothing(
    controller: Controller,
) -> None:
    controller.hears.clear()

    async def started() -> None:
        starting = asyncio.create_task(version(startup_timeout_s=0).scale(1, 1))
        await asyncio.sleep(0.05)
        controller.hears.set()
        with pytest.raises(Internal, match="Failed to start workers"):
            await starting

    asyncio.run(started())

    assert controller.deployed == {}


def test_what_a_front_left_behind_is_ended_and_nothing_of_others(controller: Controller) -> None:
    controller.deployed = {NAME: 1, "left--1.0": 1, "left--2.0": 2}

    asyncio.run(fleet.end_others({NAME}))

    assert controller.deleted == ["left--1.0", "left--2.0"]
