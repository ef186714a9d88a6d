"""Batches are gathered as by TorchServe, and nobody waits in vain."""

import asyncio
from dataclasses import replace

import pytest

from serve.models.queue import WAITS_FOR_NOBODY
from tests.unit.queued import Worker, job, queue, ran


@pytest.mark.parametrize(
    ("count", "batches"), [(1, [1]), (3, [3]), (4, [4]), (6, [4, 2]), (9, [4, 4, 1])]
)
def test_batches_have_torchserves_sizes(count: int, batches: list[int]) -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker)
        names = [str(number) for number in range(count)]
        replies = await asyncio.gather(*(waiting.ask(job(name)) for name in names))
        assert [reply.body.decode() for reply in replies] == names
        assert [len(batch) for batch in worker.batches] == batches

    ran(scenario)


def test_a_full_batch_does_not_wait() -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker, delay_s=60)
        await asyncio.gather(*(waiting.ask(job(str(n))) for n in range(4)))

    ran(scenario)


def test_who_comes_within_the_delay_joins() -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker, delay_s=0.3)
        first = asyncio.create_task(waiting.ask(job("a")))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, waiting.ask(job("b")))
        assert worker.batches == [["a", "b"]]

    ran(scenario)


def test_who_comes_alone_is_kept_waiting_until_others_come_too() -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker, size=2, delay_s=0.01)
        for _ in range(WAITS_FOR_NOBODY):
            await waiting.ask(job("a"))
            await waiting.quiet.wait()
        waiting.batching = replace(waiting.batching, delay_s=60)
        await waiting.ask(job("d"))
        await waiting.quiet.wait()

        await asyncio.gather(waiting.ask(job("e")), waiting.ask(job("f")))
        await waiting.quiet.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiting.ask(job("g")), 0.3)
        assert worker.batches == [["a"]] * WAITS_FOR_NOBODY + [["d"], ["e", "f"]]

    ran(scenario)


def test_idle_workers_do_not_take_a_batchs_requests_from_each_other() -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker, size=2, delay_s=60)
        waiting.resize(2)
        first = asyncio.create_task(waiting.ask(job("a")))
        await asyncio.sleep(0.05)
        await asyncio.gather(first, waiting.ask(job("b")))
        assert worker.batches == [["a", "b"]]

    ran(scenario)


def test_an_idle_worker_takes_what_may_not_join() -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker, size=2, delay_s=60)
        waiting.resize(2)
        prediction = asyncio.create_task(waiting.ask(job("a")))
        await asyncio.sleep(0.05)
        explained = [waiting.ask(job(name, "explain")) for name in "bc"]
        await asyncio.gather(*explained)
        assert worker.batches == [["b", "c"]]
        prediction.cancel()

    ran(scenario)


def test_predictions_and_explanations_never_share_a_batch() -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker, delay_s=0.05)
        wanted = [("a", "predict"), ("b", "explain"), ("c", "predict"), ("d", "explain")]
        await asyncio.gather(*(waiting.ask(job(name, kind)) for name, kind in wanted))  # type: ignore[arg-type]
        assert worker.batches == [["a", "c"], ["b", "d"]]

    ran(scenario)


def test_descriptions_are_never_batched() -> None:
    async def scenario(worker: Worker) -> None:
        waiting = queue(worker, delay_s=0.05)
        await asyncio.gather(*(waiting.ask(job(name, "describe")) for name in "ab"))
        assert worker.batches == [["a"], ["b"]]

    ran(scenario)
