"""Answers that are given again: to equal requests only, and no more than were asked for."""

import asyncio

import pytest

from serve.dialect.calls import Command, Job, Parameter, Reply
from serve.models.cache import Cache

VERSION = object()


def job(body: bytes = b"a", command: Command = "predict", **headers: str) -> Job:
    return Job(
        request_id="any",
        parameters=(Parameter(name="body", value=body),),
        headers=headers,
        command=command,
    )


def asked(cache: Cache, *jobs: Job, version: object = VERSION, status: int = 200) -> int:
    """How many of the jobs reached a worker."""
    count = 0

    async def ask() -> Reply:
        nonlocal count
        count += 1
        return Reply(body=b"answer", status=status)

    async def all_of_them() -> None:
        for one in jobs:
            assert (await cache.through(version, one, ask)).body == b"answer"

    asyncio.run(all_of_them())
    return count


def test_it_is_off_at_size_0() -> None:
    assert asked(Cache(0), job(), job()) == 2


def test_an_equal_request_is_answered_without_a_worker() -> None:
    assert asked(Cache(5), job(), job(), job()) == 1


@pytest.mark.parametrize(
    "other",
    [job(b"b"), job(command="explain"), job(accept="image/png"), job(url_path="x")],
    ids=["body", "command", "accept", "url_path"],
)
def test_what_may_change_the_answer_makes_another_request(other: Job) -> None:
    assert asked(Cache(5), job(), other) == 2


def test_names_and_values_do_not_run_into_each_other() -> None:
    one = Job(request_id="", parameters=(Parameter(name="ab", value=b"c"),))
    other = Job(request_id="", parameters=(Parameter(name="a", value=b"bc"),))

    assert asked(Cache(5), one, other) == 2


def test_another_version_is_asked_itself() -> None:
    cache = Cache(5)

    assert asked(cache, job()) == asked(cache, job(), version=object()) == 1


def test_what_failed_and_descriptions_are_not_kept() -> None:
    assert asked(Cache(5), job(), job(), status=400) == 2
    assert asked(Cache(5), job(command="describe"), job(command="describe")) == 2


def test_what_was_not_asked_for_longest_goes_first() -> None:
    cache = Cache(2)
    asked(cache, job(b"a"), job(b"b"), job(b"a"), job(b"c"))

    assert asked(cache, job(b"a")) == 0
    assert asked(cache, job(b"b")) == 1
