"""Whoever is let in is told something, whatever becomes of the worker."""

import asyncio

import pytest

from serve.dialect.calls import Failure
from serve.dialect.faults import Internal
from serve.models.queue import QueueFull
from tests.unit.queued import ASKER, Worker, job, queue, ran


def test_what_the_queue_cannot_hold_is_turned_away_at_once() -> None:
    async def scenario(worker: Worker) -> None:
        worker.free.clear()
        waiting = queue(worker, size=1, capacity=2)
        running = asyncio.create_task(waiting.ask(job("running")))
        await asyncio.sleep(0.01)
        queued = [asyncio.create_task(waiting.ask(job(name))) for name in "ab"]
        await asyncio.sleep(0.01)
        with pytest.raises(QueueFull):
            await waiting.ask(job("c"))
        worker.free.set()
        await asyncio.gather(running, *queued)
        assert worker.batches == [["running"], ["a"], ["b"]]

    ran(scenario)


def test_as_many_batches_are_at_work_as_there_are_workers() -> None:
    async def scenario(worker: Worker) -> None:
        worker.free.clear()
        waiting = queue(worker, size=1)
        waiting.resize(2)
        asked = [asyncio.create_task(waiting.ask(job(name))) for name in "abc"]
        await asyncio.sleep(0.05)
        assert worker.batches == [["a"], ["b"]]
        worker.free.set()
        await asyncio.gather(*asked)

    ran(scenario)


def test_without_a_worker_nobody_is_let_in_and_what_is_at_work_ends_well() -> None:
    async def scenario(worker: Worker) -> None:
        worker.free.clear()
        waiting = queue(worker, size=1)
        running = asyncio.create_task(waiting.ask(job("running")))
        queued = asyncio.create_task(waiting.ask(job("queued")))
        await asyncio.sleep(0.01)
        waiting.resize(0)
        with pytest.raises(QueueFull):
            await queued
        with pytest.raises(QueueFull):
            await waiting.ask(job("late"))
        drained = asyncio.create_task(waiting.drained(60))
        await asyncio.sleep(0.01)
        assert not drained.done()
        worker.free.set()
        assert (await running).body == b"running"
        await drained

    ran(scenario)


def test_who_has_gone_away_is_not_worked_for() -> None:
    async def scenario(worker: Worker) -> None:
        worker.free.clear()
        waiting = queue(worker, size=1)
        running = asyncio.create_task(waiting.ask(job("running")))
        gone = asyncio.create_task(waiting.ask(job("gone")))
        after = asyncio.create_task(waiting.ask(job("after")))
        await asyncio.sleep(0.01)
        gone.cancel()
        worker.free.set()
        await asyncio.gather(running, after)
        assert worker.batches == [["running"], ["after"]]
        await waiting.drained(60)

    ran(scenario)


def test_more_workers_take_up_what_waits() -> None:
    async def scenario(worker: Worker) -> None:
        worker.free.clear()
        waiting = queue(worker, size=1, delay_s=0)
        asked = [asyncio.create_task(waiting.ask(job(name))) for name in "abcdef"]
        await asyncio.sleep(0.01)
        waiting.resize(4)
        await asyncio.sleep(0.01)
        assert worker.batches == [["a"], ["b"], ["c"], ["d"]]
        worker.free.set()
        await asyncio.gather(*asked)

    ran(scenario)


def test_who_has_gone_away_takes_no_place() -> None:
    async def scenario(worker: Worker) -> None:
        worker.free.clear()
        waiting = queue(worker, size=1, capacity=2)
        running = asyncio.create_task(waiting.ask(job("running")))
        await asyncio.sleep(0.01)
        gone, stays = (asyncio.create_task(waiting.ask(job(name))) for name in "ab")
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.sleep(0.01)
        assert [one.job.request_id for one in waiting.waiting] == ["b"]
        after = asyncio.create_task(waiting.ask(job("c")))
        await asyncio.sleep(0.01)
        worker.free.set()
        await asyncio.gather(running, stays, after)

    ran(scenario)


def test_a_worker_that_never_answers_is_not_waited_for_without_end() -> None:
    async def scenario(worker: Worker) -> None:
        worker.free.clear()
        waiting = queue(worker, size=1, delay_s=0)
        asked = [asyncio.create_task(waiting.ask(job(name))) for name in "ab"]
        await asyncio.sleep(0.01)
        await waiting.drained(0)
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in told] == [Internal, QueueFull]
        worker.free.set()
        waiting.resize(1)
        assert (await waiting.ask(job("next"))).body == b"next"

    ran(scenario)


def test_a_failure_is_raised_with_its_status() -> None:
    async def scenario(worker: Worker) -> None:
        worker.fails = Failure(code=507, message="Out of resources")
        with pytest.raises(Internal, match="Out of resources") as raised:
            await queue(worker).ask(job("a"))
        assert raised.value.code == 507

    ran(scenario)


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), RecursionError(), asyncio.CancelledError()]
)
def test_whatever_goes_wrong_everybody_in_the_batch_is_told(error: BaseException) -> None:
    async def scenario(worker: Worker) -> None:
        worker.raises = error
        waiting = queue(worker)
        asked = [waiting.ask(job(name)) for name in "ab"]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(one) for one in told] == ["Worker died."] * 2
        worker.raises = None
        assert (await waiting.ask(job("next"))).body == b"next"

    ran(scenario)


def test_a_batch_is_not_part_of_the_request_that_began_it() -> None:
    async def scenario(worker: Worker) -> None:
        ASKER.set("who may go away, and take with it what Ray does on its behalf")
        await queue(worker).ask(job("a"))
        assert not worker.seen_asker

    ran(scenario)
