"""A replica whose handler wants to end its process, as in TorchServe it can."""

import asyncio
import os

import pytest
import ray
import torch

from serve.dialect.calls import Job
from serve.models import handler
from serve.models.spec import WorkerSpec
from serve.models.worker import Worker

SPEC = WorkerSpec(
    model="leaving",
    folder="/leaving",
    handler="leaving.py",
    envelope=None,
    batch_size=1,
    response_timeout_s=60,
    threads=1,
    limit_pixels=True,
    hidden_variables="NONE",
)


class Ended(Exception):
    """In place of the end of these tests."""


class Leaving:
    """A handler that goes when it is loaded, or else when it is asked."""

    def __init__(self, error: BaseException, *, at_once: bool) -> None:
        self.error = error
        if at_once:
            raise error

    def answer(self, _: list[Job]) -> None:
        raise self.error


def made() -> Worker:
    worker = Worker.__new__(Worker)
    asyncio.run(worker.__init__(SPEC))  # type: ignore[misc]  # as Ray does
    return worker


@pytest.mark.parametrize(
    "error", [SystemExit(0), SystemExit("enough"), KeyboardInterrupt()], ids=repr
)
@pytest.mark.parametrize("at_once", [True, False], ids=["loaded", "asked"])
def test_a_handler_that_wants_to_end_its_process_ends_it(
    error: BaseException, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(status: int) -> None:
        raise Ended(status)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(ray, "get_gpu_ids", list)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(handler, "ArchivedHandler", lambda *_: Leaving(error, at_once=at_once))

    with pytest.raises(Ended, match="1"):
        made().answered([])
