"""One version of a model: its archive, its workers and what waits for them."""

import asyncio
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field

from serve.dialect.calls import Failure, Job, Reply
from serve.dialect.faults import Internal, ServiceUnavailable
from serve.dialect.metrics import Metrics
from serve.models.archive import ArchivedModel
from serve.models.fleet import CannotStart, Workers
from serve.models.queue import Batching, QueueFull, VersionQueue
from serve.models.spec import WorkerSpec


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a version is served, once registration, archive and settings have been weighed.

    `handler` is the registration's, where it named one.
    """

    url: str
    runtime: str
    handler: str | None
    min_workers: int
    max_workers: int
    batch_size: int
    max_batch_delay_ms: int
    response_timeout_s: int
    startup_timeout_s: int
    job_queue_size: int
    envelope: str | None
    limit_pixels: bool
    hidden_variables: str
    at_startup: bool = False


@dataclass(kw_only=True)
class Version:
    model: str
    version: str
    archived: ArchivedModel
    terms: Terms
    metrics: Metrics
    min_workers: int = 0
    max_workers: int = 0
    weight: float = 0.0
    shadow: bool = False
    leaving: bool = False
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        terms = self.terms
        self.queue = VersionQueue(
            self.work,
            Batching(
                size=terms.batch_size,
                delay_s=terms.max_batch_delay_ms / 1000,
                capacity=terms.job_queue_size,
            ),
        )
        self.workers = Workers(
            application(self.model, self.version),
            WorkerSpec(
                model=self.model,
                folder=str(self.archived.folder),
                handler=self.archived.handler,
                envelope=terms.envelope,
                batch_size=terms.batch_size,
                response_timeout_s=terms.response_timeout_s,
                threads=max(1, (os.cpu_count() or 1) // max(1, terms.max_workers)),
                limit_pixels=terms.limit_pixels,
                hidden_variables=terms.hidden_variables,
            ),
            terms.startup_timeout_s,
            self.archived.config.device_type,
        )

    async def scale(self, least: int, most: int) -> None:
        """What is at work is finished first. Raises Internal if no worker comes up."""
        async with self.changing:
            if self.leaving:
                raise self.not_started()
            start = time.perf_counter()
            if most < self.max_workers:
                self.queue.resize(most)
            if most == 0:
                await self.drained()
                await self.workers.stop()
            else:
                try:
                    await self.workers.start(least, most)
                except CannotStart as error:
                    await self.go_back()
                    raise self.not_started() from error
                except Exception:  # a bug leaves no workers either that nobody has counted
                    await self.go_back()
                    raise
                self.metrics.worker_load_time(
                    f"{self.model}_{self.version}", (time.perf_counter() - start) * 1000
                )
            self.min_workers, self.max_workers = least, most
            self.queue.resize(most)

    async def go_back(self) -> None:
        """To the workers that there were: one that can't start takes no other with it."""
        if self.max_workers and not self.leaving:
            # Not waited for: while Ray brings one back that died, the others go on.
            with suppress(CannotStart):
                await self.workers.deploy(self.min_workers, self.max_workers)
            self.queue.resize(self.max_workers)
            return
        self.queue.resize(0)
        await self.workers.stop()
        self.min_workers = self.max_workers = 0

    def not_started(self) -> Internal:
        return Internal(f"Failed to start workers for model {self.model} version: {self.version}")

    async def ask(self, job: Job) -> Reply:
        start = time.perf_counter()
        try:
            reply = await self.queue.ask(job)
        except QueueFull as error:
            raise ServiceUnavailable(self.no_worker(job)) from error
        if job.command != "describe":
            spent = (time.perf_counter() - start) * 1e6
            self.metrics.inference_latency_us(self.model, job.version, spent)
        return reply

    def no_worker(self, job: Job) -> str:
        named = self.model if job.version == "default" else f'{self.model}" Version {self.version}'
        what = "describe" if job.command == "describe" else "inference"
        text = (
            f'Model "{named}" has no worker to serve {what} request.'
            " Please use scale workers API to add workers."
        )
        if job.command == "describe":
            return text
        return (
            f"{text} If this is a sequence inference, please check if it is closed, or expired;"
            " or exceeds maxSequenceJobQueueSize"
        )

    async def work(self, jobs: list[Job], waited_s: list[float]) -> list[Reply | Failure]:
        """What the queue runs."""
        start = time.perf_counter()
        worked = await self.workers.work(jobs)
        spent = time.perf_counter() - start
        # What the way to the worker and back took, as TorchServe means it.
        self.metrics.gauge("WorkerThreadTime", round((spent - worked.seconds) * 1000))
        for one in worked.measured:
            self.metrics.handler_metric(one)
        for job, waited, answer in zip(jobs, waited_s, worked.answers, strict=True):
            self.waited(job, waited, answer)
        return worked.answers

    def waited(self, job: Job, seconds: float, answer: Reply | Failure) -> None:
        """As in TorchServe, of what a handler was asked to predict or explain, and did."""
        if isinstance(answer, Reply) and job.command != "describe":
            self.metrics.queue_latency_us(self.model, job.version, seconds * 1e6)
            self.metrics.gauge("QueueTime", round(seconds * 1000))

    async def close(self) -> None:
        """Finishes what is under way, then ends the workers, those too that have yet to start."""
        self.leaving = True
        await self.drained()
        await self.workers.give_up()
        # After a start that had not begun to wait when the others were ended.
        async with self.changing:
            await self.workers.stop()

    async def drained(self) -> None:
        """Ray tries without end to bring back a worker that can't start any more."""
        # A batch may be asked for as a whole and then one by one, each in the time of one answer.
        calls = 1 + self.terms.batch_size
        await self.queue.drained(
            calls * self.terms.response_timeout_s + self.terms.startup_timeout_s
        )


def application(model: str, version: str) -> str:
    """Ray's name for it; version 1 of `a--b` has another than version `b--1` of `a`."""
    name = f"{model}--{version}"
    if len(re.findall("(?=--)", name)) > 1:
        name = f"{name}--{len(model)}"
    # By a # Ray tells the parts of its replicas' names, when its controller comes again.
    return name.replace("%", "%25").replace("#", "%23")
