"""Scaling and closing one version, whose workers are a record of what is asked of them."""

import asyncio
from dataclasses import replace

import pytest
from ray.serve._private.common import DeploymentID, ReplicaID

from serve.dialect.calls import Failure, Job, Registration, Reply
from serve.dialect.faults import Conflict, Internal
from serve.dialect.metrics import Metrics
from serve.dialect.properties import ServerConfig
from serve.models.registry import Registry
from serve.models.spec import Worked
from serve.models.version import Version, application
from tests.unit.archived import SPOTS

WANTED = Registration(url="spots.mar")
# Nobody has time to answer.
HASTY = replace(WANTED, max_batch_delay_ms=0, response_timeout_s=0, startup_timeout_s=0)
JOB = Job(request_id="one", parameters=())


class Record:
    """A start ends when it may, or fails once all is given up, as Ray's applications do."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_end = asyncio.Event()
        self.deployed = True
        self.raises: dict[int, Exception] = {}
        self.answers: list[Reply | Failure] = []

    async def work(self, jobs: list[Job]) -> Worked:
        """Ray waits without end for a worker that does not come back."""
        if not self.answers:
            await asyncio.Event().wait()
        return Worked(answers=[self.answers.pop() for _ in jobs], seconds=0.0, measured=[])

    async def start(self, least: int, most: int) -> None:
        self.asked.append(f"start {least} to {most}")
        if most in self.raises:
            raise self.raises[most]
        await asyncio.wait_for(self.may_end.wait(), 5)
        self.asked.append("started")

    async def deploy(self, least: int, most: int) -> None:
        self.asked.append(f"deploy {least} to {most}")

    async def give_up(self) -> None:
        self.asked.append("give up")
        if self.deployed:
            self.may_end.set()

    async def stop(self) -> None:
        self.asked.append("stop")


@pytest.fixture
def registry() -> Registry:
    return Registry(ServerConfig(), Metrics())


def entered(registry: Registry, wanted: Registration = WANTED) -> tuple[Version, Record]:
    version, record = registry.enter(SPOTS, wanted), Record()
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


@pytest.mark.parametrize("ends", ["closing", "scaling to 0"])
def test_a_worker_that_does_not_come_back_is_not_waited_for(registry: Registry, ends: str) -> None:
    async def ended() -> tuple[object, list[str]]:
        version, record = entered(registry, HASTY)
        version.queue.resize(1)
        asked = asyncio.create_task(version.ask(JOB))
        await asyncio.sleep(0.01)
        end = version.close() if ends == "closing" else version.scale(0, 0)
        await asyncio.wait_for(end, 5)
        (told,) = await asyncio.gather(asked, return_exceptions=True)
        return told, record.asked

    told, asked = asyncio.run(ended())

    assert str(told) == "Worker died."
    assert asked[-1] == "stop"


def test_a_batch_has_the_time_to_be_asked_for_one_by_one(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []

    async def drained(seconds: float) -> None:
        waited.append(seconds)

    async def closed() -> None:
        wanted = replace(WANTED, batch_size=4, response_timeout_s=10, startup_timeout_s=3)
        version, record = entered(registry, wanted)
        record.may_end.set()
        monkeypatch.setattr(version.queue, "drained", drained)
        await version.close()

    asyncio.run(closed())

    assert waited == [5 * 10 + 3]


def test_whatever_a_start_fails_with_the_workers_before_it_stay(registry: Registry) -> None:
    async def scaled() -> tuple[Version, Record]:
        version, record = entered(registry)
        record.may_end.set()
        await version.scale(1, 2)
        record.raises[3] = ValueError("a bug")
        with pytest.raises(ValueError, match="a bug"):
            await version.scale(3, 3)
        return version, record

    version, record = asyncio.run(scaled())

    assert record.asked[-2:] == ["start 3 to 3", "deploy 1 to 2"]
    assert (version.min_workers, version.max_workers, version.queue.workers) == (1, 2, 2)


@pytest.mark.parametrize(
    ("job", "answer", "counted"),
    [
        (JOB, Reply(body=b"{}"), True),
        (JOB, Reply(body=b"{}", status=418), True),
        (replace(JOB, command="explain"), Reply(body=b"{}"), True),
        (replace(JOB, command="describe"), Reply(body=b"{}"), False),
        (JOB, Failure(code=400, message="no image"), False),
        (JOB, None, False),
    ],
    ids=["answered", "with a status", "explained", "described", "failed", "no worker"],
)
def test_latencies_are_those_of_what_was_answered(
    registry: Registry, job: Job, answer: Reply | Failure | None, counted: bool
) -> None:
    async def asked() -> None:
        version, record = entered(registry)
        if answer:
            record.answers.append(answer)
            version.queue.resize(1)
        await asyncio.gather(version.ask(job), return_exceptions=True)

    asyncio.run(asked())

    for name in ("ts_inference_latency_microseconds", "ts_queue_latency_microseconds", "QueueTime"):
        assert bool(registry.metrics.text([name])) is counted


def test_no_two_versions_share_a_name() -> None:
    pairs = [("spots", "1.0"), ("a--b", "1"), ("a", "b--1"), ("a-", "1"), ("a", "-1"), ("a", "1")]
    pairs += [("a#", "1"), ("a%23", "1"), ("a%2523", "1"), ("a", "#1")]

    names = [application(*pair) for pair in pairs]

    assert names[0] == "spots--1.0"
    assert len(set(names)) == len(pairs)


@pytest.mark.parametrize("pair", [("spots#2", "1.0"), ("spots", "1#0")])
def test_ray_can_read_the_names_of_a_versions_replicas(pair: tuple[str, str]) -> None:
    one = ReplicaID("a1b2", DeploymentID("Worker", application(*pair)))

    assert ReplicaID.from_full_id_str(one.to_full_id_str()) == one
