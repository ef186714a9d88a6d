"""One replica of a model version."""

import asyncio
import logging
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import ray

from serve.dialect.calls import Job
from serve.models.spec import Worked, WorkerSpec

if TYPE_CHECKING:
    from serve.models.handler import ArchivedHandler

log = logging.getLogger(__name__)

# As in mar_config/start_torchserve.sh.
SPINS = "10000"


class Worker:
    """torch and TorchServe's Python side are loaded here, and nowhere else in serving."""

    async def __init__(self, spec: WorkerSpec) -> None:  # type: ignore[misc]  # Ray awaits it
        self.spec = spec
        hide(spec.hidden_variables)
        # One thread, as a handler may expect to be called by the one that made it.
        self.thread = ThreadPoolExecutor(1)
        # Ray has other things to ask this process while a model is loaded, as whether to end.
        self.handler = await asyncio.get_running_loop().run_in_executor(self.thread, self.loaded)

    def loaded(self) -> "ArchivedHandler":
        # Read when torch is loaded: how often its threads look for each other before they sleep.
        # By default 30 times as often: where another program wants the cores, a picture that takes
        # 20 ms then takes over a second, so 200. Never, and an idle machine takes twice as long.
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
        import torch

        from serve.models.handler import ArchivedHandler

        torch.set_num_threads(self.spec.threads)
        # Ray shows a replica its own GPUs only, so the first of them is number 0.
        with ending_this_process():
            return ArchivedHandler(self.spec, 0 if ray.get_gpu_ids() else None)

    async def work(self, jobs: list[Job]) -> Worked:
        return await asyncio.get_running_loop().run_in_executor(self.thread, self.answered, jobs)

    def answered(self, jobs: list[Job]) -> Worked:
        start = time.perf_counter()
        with ending_this_process():
            answers = self.handler.answer(jobs)
        return Worked(
            answers=answers,
            seconds=time.perf_counter() - start,
            measured=self.handler.metrics.taken(),
        )


@contextmanager
def ending_this_process() -> Iterator[None]:
    """Where a handler wants to, as by sys.exit(), and by TorchServe. Of KeyboardInterrupt Ray ends
    the loop alone: a worker that answers nobody, until it is found out after a minute or more.
    """
    try:
        yield
    except (SystemExit, KeyboardInterrupt):
        log.exception("the handler ends its worker")
        os._exit(1)


def hide(variables: str) -> None:
    """From the handler; TorchServe does not pass them on either."""
    for name in [name for name in os.environ if re.fullmatch(variables, name)]:
        del os.environ[name]
