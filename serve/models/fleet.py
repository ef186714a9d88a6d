"""Each model version's replicas: a Ray Serve application of its own, without a route."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ray
from ray import serve as ray_serve
from ray.exceptions import RayActorError, RayError
from ray.serve.context import _get_global_client
from ray.serve.exceptions import RayServeException
from ray.serve.schema import ApplicationStatus, ReplicaState

from serve.dialect.calls import Job
from serve.dialect.faults import Internal
from serve.models.spec import Worked, WorkerSpec
from serve.models.worker import Worker

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

LOOK_EVERY_S = 0.1
# While it brings back a worker that died, Ray calls all of them so, a change that is under way too.
REPLACING = (ApplicationStatus.UNHEALTHY, ApplicationStatus.DEPLOY_FAILED)
# By Ray's own measure: a batch at work for each replica. Ray's defaults take half a minute to add
# one and ten to end one. Ray 2.60 reads the interval here alone, though it announces a variable.
BY_LOAD = {
    "target_ongoing_requests": 1,
    "metrics_interval_s": 1,
    "look_back_period_s": 3,
    "upscale_delay_s": 2,
    "downscale_delay_s": 10,
}


@dataclass(frozen=True, kw_only=True)
class Replica:
    id: str
    state: str
    pid: int | None
    started: float


class CannotStart(Exception):
    """No replica came up; the text is Ray's account of it."""


class Workers:
    """The replicas of one version; none before `start`, none after `stop`."""

    def __init__(
        self, name: str, spec: WorkerSpec, startup_timeout_s: float, device: str | None
    ) -> None:
        self.name = name
        self.spec = spec
        self.startup_timeout_s = startup_timeout_s
        self.device = device
        self.handle: DeploymentHandle | None = None

    async def start(self, least: int, most: int) -> None:
        """Also scales what runs, without a restart. Raises CannotStart."""
        with ray_errors_told():
            ran_before = await status(self.name) != ApplicationStatus.NOT_STARTED
            await self.deploy(least, most)
            async with asyncio.timeout(self.startup_timeout_s):
                await self.running(ran_before)

    async def deploy(self, least: int, most: int) -> None:
        """Ray is told how many there are to be. Raises CannotStart."""
        count: dict[str, object] = {"num_replicas": least}
        if most > least:
            count = {"autoscaling_config": BY_LOAD | {"min_replicas": least, "max_replicas": most}}
        deployment = ray_serve.deployment(Worker).options(
            name=deployment_name(),
            # One at work and the next at hand: whoever comes free need not wait for the router.
            max_ongoing_requests=2,
            max_constructor_retry_count=1,
            graceful_shutdown_timeout_s=self.spec.response_timeout_s,
            health_check_period_s=1,
            ray_actor_options={"num_cpus": 0, "num_gpus": self.gpus()},
            **count,
        )
        # As long as this is the same, Ray adds or ends replicas and leaves the others alone; by
        # itself it takes every call for another version.
        deployment._version = hashlib.sha256(repr(self.spec).encode()).hexdigest()
        target = ray_serve.RunTarget(deployment.bind(self.spec), name=self.name, route_prefix=None)
        with ray_errors_told():
            # However little time there is to start: no one can take back what a thread has yet to
            # ask Ray for. Ray's own waiting has no end where the application is deleted meanwhile.
            (self.handle,) = await asyncio.to_thread(
                ray_serve.run_many,
                [target],
                wait_for_ingress_deployment_creation=False,
                wait_for_applications_running=False,
            )

    async def running(self, ran_before: bool) -> None:
        """Raises CannotStart if that does not come about, or if all is given up meanwhile."""
        while (found := await status(self.name)) != ApplicationStatus.RUNNING:
            if found != ApplicationStatus.DEPLOYING and not (ran_before and found in REPLACING):
                raise CannotStart(f"the application is {found}")
            await asyncio.sleep(LOOK_EVERY_S)

    def gpus(self) -> int:
        """One for each worker where there are any, unless the archive wants none."""
        return int(self.device != "cpu" and bool(ray.cluster_resources().get("GPU")))

    async def give_up(self) -> None:
        """Whatever runs or starts is to end; a `start` that is under way then raises."""
        self.handle = None
        await asyncio.to_thread(ray_serve.delete, self.name, _blocking=False)

    async def stop(self) -> None:
        self.handle = None
        await end(self.name)

    async def work(self, jobs: list[Job]) -> Worked:
        if self.handle is None:
            raise Internal("Worker died.")
        try:
            worked: Worked = await self.handle.work.remote(jobs)
        except RayActorError as error:
            raise Internal("Worker died.") from error
        return worked

    async def replicas(self) -> list[Replica]:
        """As Ray's controller sees them, starting and stopping ones too."""
        if self.handle is None:
            return []
        details = await asyncio.to_thread(_get_global_client().get_serve_details)
        application = details["applications"].get(self.name, {"deployments": {}})
        found = application["deployments"].get(deployment_name(), {"replicas": []})["replicas"]
        return [
            Replica(
                id=one["replica_id"],
                state=ReplicaState(one["state"]).value,
                # A replica that starts has none yet.
                pid=one.get("pid"),
                started=one["start_time_s"],
            )
            for one in found
        ]


@contextmanager
def ray_errors_told() -> Iterator[None]:
    """As CannotStart."""
    try:
        yield
    except (RayError, RayServeException, RuntimeError, TimeoutError) as error:
        raise CannotStart(str(error) or "the time to start was over") from error


def deployment_name() -> str:
    """It bears the front's own: that tells its applications from all others of a cluster."""
    return f"Worker-{ray_serve.get_replica_context().app_name}"


async def status(name: str) -> ApplicationStatus:
    found = await asyncio.to_thread(_get_global_client().get_serve_status, name)
    return ApplicationStatus(found.app_status.status)


async def end(name: str) -> None:
    await asyncio.to_thread(ray_serve.delete, name, _blocking=False)
    # Ray's own waiting ends after a minute; a replica may be at work, or start, for longer.
    while await status(name) != ApplicationStatus.NOT_STARTED:
        await asyncio.sleep(LOOK_EVERY_S)


async def end_others(names: set[str]) -> None:
    """Of this front's applications: what it left behind when Ray had to start it again."""
    found = (await asyncio.to_thread(ray_serve.status)).applications
    for name, one in found.items():
        if name not in names and deployment_name() in one.deployments:
            await end(name)


async def alive(names: list[str]) -> bool:
    """Whether each of these applications has a replica that runs, whatever its others do."""
    found = (await asyncio.to_thread(ray_serve.status)).applications
    return all(
        name in found
        and any(
            one.replica_states.get(ReplicaState.RUNNING) for one in found[name].deployments.values()
        )
        for name in names
    )
