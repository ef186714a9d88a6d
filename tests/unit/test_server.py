"""What the model server does with its versions, whose workers are a record of what is asked."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

import pytest

from serve.dialect.calls import Job, Reply, Scaling
from serve.dialect.faults import Internal
from serve.models import server as server_module
from serve.models import version as version_module
from serve.models.server import ModelServer
from tests.unit.packed import mar
from tests.unit.recorded import ONE, Record, all_done, model_server, ran

JOB = Job(request_id="one", parameters=())


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    monkeypatch.setattr(version_module, "Workers", Record)
    return model_server(tmp_path)


async def begun(call: Awaitable[object]) -> "asyncio.Task[object]":
    """Under way as far as it goes by itself."""
    task = asyncio.ensure_future(call)
    while not Record.made:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    return task


@pytest.fixture(autouse=True)
def no_records() -> None:
    Record.made.clear()


def test_a_client_that_goes_away_leaves_no_half_registration(server: ModelServer) -> None:
    async def scenario() -> None:
        version = server.enter(await server.unpacked(server.store.root / "spots.mar"), ONE)
        record = Record.made["spots--1.0"]
        record.may_start.clear()
        asked = await begun(server.scale("spots", None, Scaling(min_workers=2, synchronous=True)))
        asked.cancel()
        await asyncio.sleep(0)
        record.may_start.set()
        await all_done(server)
        assert record.running == (2, 2)
        assert (version.min_workers, version.queue.workers) == (2, 2)

    ran(scenario)


def test_a_client_that_goes_away_leaves_no_workers_of_a_removed_model(server: ModelServer) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        record = Record.made["spots--1.0"]
        record.may_answer.clear()
        answer = await begun(server.infer("spots", None, JOB))
        removal = await begun(server.unregister("spots", None))
        removal.cancel()
        record.may_answer.set()
        await answer
        await all_done(server)
        assert record.running == (0, 0)
        assert not server.ending

    ran(scenario)


def test_what_is_under_way_is_answered_when_its_model_is_removed(server: ModelServer) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        record = Record.made["spots--1.0"]
        record.may_answer.clear()
        answer = await begun(server.infer("spots", None, JOB))
        removal = await begun(server.unregister("spots", None))
        record.may_answer.set()
        assert await answer == Reply(body=b"one")
        await removal

    ran(scenario)


@pytest.mark.parametrize("synchronous", [True, False])
def test_what_does_not_start_is_not_registered_and_the_next_is_the_default(
    server: ModelServer, synchronous: bool, tmp_path: Path
) -> None:
    async def scenario() -> None:
        server.keep(tmp_path / "snapshot.cfg")
        version = server.enter(await server.unpacked(server.store.root / "spots.mar"), ONE)
        Record.made["spots--1.0"].at_most = 0
        await server.register(replace(ONE, url="later.mar"))
        starting = server.admit(version, synchronous=synchronous)
        if synchronous:
            with pytest.raises(Internal, match="Failed to start workers"):
                await starting
        else:
            assert (await starting).code == 202
        await all_done(server)
        assert list(server.models["spots"].versions) == ["2.0"]
        assert server.version("spots", None).version == "2.0"

    ran(scenario)


def test_removing_what_still_starts_is_no_bug(server: ModelServer) -> None:
    async def scenario() -> None:
        version = server.enter(await server.unpacked(server.store.root / "spots.mar"), ONE)
        record = Record.made["spots--1.0"]
        record.may_start.clear()
        record.at_most = 0
        starting = await begun(server.admit(version, synchronous=True))
        await server.unregister("spots", None)
        with pytest.raises(Internal, match="Failed to start workers"):
            await starting
        assert server.models == {}

    ran(scenario)


@pytest.mark.parametrize("scaling", [{"weight": 0.25}, {"shadow": True}])
def test_a_canarys_share_leaves_its_workers_as_they_are(
    server: ModelServer, scaling: dict[str, float | bool]
) -> None:
    async def scenario() -> None:
        await server.register(replace(ONE, initial_workers=3))
        told = await server.scale("spots", None, Scaling(min_workers=None, **scaling))  # type: ignore[arg-type]
        assert told.code == 200
        assert Record.made["spots--1.0"].running == (3, 3)
        found = server.version("spots", None)
        assert (found.weight, found.shadow) == (
            scaling.get("weight", 0.0),
            scaling.get("shadow", False),
        )

    ran(scenario)


def test_a_worker_that_cannot_start_takes_no_other_with_it(server: ModelServer) -> None:
    async def scenario() -> None:
        await server.register(replace(ONE, initial_workers=2))
        record, found = Record.made["spots--1.0"], server.version("spots", None)
        record.at_most = 2
        with pytest.raises(Internal, match="Failed to start workers"):
            await server.scale("spots", None, Scaling(min_workers=3, synchronous=True))
        assert record.running == (2, 2)
        assert (found.min_workers, found.max_workers, found.queue.workers) == (2, 2, 2)
        assert await server.infer("spots", None, JOB) == Reply(body=b"one")

    ran(scenario)


def test_a_snapshot_names_the_file_of_what_came_by_url(server: ModelServer, tmp_path: Path) -> None:
    made = mar(tmp_path, {}, modelName="own", modelVersion="3.0").rename(tmp_path / "my own.mar")
    url = made.as_uri()

    async def scenario() -> None:
        server.keep(tmp_path / "snapshot.cfg")
        await server.register(replace(ONE, url=url))

    ran(scenario)
    assert "%20" in url
    text = (tmp_path / "snapshot.cfg").read_text()
    assert "my own.mar" in text
    assert "%20" not in text


def test_a_start_that_fails_half_way_is_not_kept(server: ModelServer, tmp_path: Path) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        assert not (tmp_path / "snapshot.cfg").exists()
        server.keep(tmp_path / "snapshot.cfg")
        assert (tmp_path / "snapshot.cfg").exists()

    ran(scenario)


def test_two_versions_loaded_at_the_start_are_one_model(server: ModelServer) -> None:
    async def scenario() -> None:
        for name in ("spots.mar", "later.mar"):
            archived = await server.unpacked(server.store.find(name))
            server.enter(archived, replace(ONE, url=name), at_startup=True)
        assert server.only_model() == "spots"

    ran(scenario)


@pytest.mark.parametrize("strict", [True, False])
def test_without_a_live_worker_it_is_healthy_only_where_that_is_wanted(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, strict: bool
) -> None:
    async def none_lives(names: list[str]) -> bool:
        assert names == ["spots--1.0"]
        return False

    async def scenario() -> None:
        monkeypatch.setattr(server_module, "alive", none_lives)
        server.config = replace(server.config, strict_ping=strict)
        await server.register(ONE)
        assert await server.healthy() is not strict

    ran(scenario)
