"""Answers that are given again: to equal requests only, and no more than were asked for."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

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
    [
        job(b"b"),
        job(command="explain"),
        job(accept="image/png"),
        job(url_path="x"),
        replace(job(), headers={"x-user": "a"}),
        job(authorization="Bearer a"),
    ],
    ids=["body", "command", "accept", "url_path", "own header", "authorization"],
)
def test_what_may_change_the_answer_makes_another_request(other: Job) -> None:
    assert asked(Cache(5), job(), other) == 2


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x-request-id", ("1", "2")),
        ("x-forwarded-for", ("10.0.0.1", "10.0.0.2")),
        ("content-type", [f"multipart/form-data; boundary={one}" for one in ("a", "b")]),
    ],
)
def test_what_is_another_each_time_is_no_part_of_it(name: str, values: Sequence[str]) -> None:
    assert asked(Cache(5), *(replace(job(), headers={name: value}) for value in values)) == 1


def test_an_answer_that_was_under_way_when_all_was_dropped_is_not_kept() -> None:
    cache = Cache(5)

    async def ask() -> Reply:
        cache.clear()
        return Reply(body=b"of a version that is gone")

    asyncio.run(cache.through(VERSION, job(), ask))

    assert asked(cache, job()) == 1


def test_inputs_are_not_taken_for_headers() -> None:
    more = (
        Parameter(name="a", content_type="b", value=b"c"),
        Parameter(name="d", content_type="e", value=b"f"),
    )
    one, other = job(a="b", c="d", e="f"), job()
    other = replace(other, parameters=(*other.parameters, *more))

    assert asked(Cache(5), one, other) == 2


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
