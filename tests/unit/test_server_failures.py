"""What the model server leaves behind where a change can't be made, or a disk does not do."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from serve.dialect.calls import Registration
from serve.dialect.faults import BadRequest, Conflict, Internal
from serve.models import server as server_module
from serve.models import snapshot
from serve.models import version as version_module
from serve.models.archive import ArchivedModel, unpack
from serve.models.server import ModelServer
from tests.unit.packed import mar
from tests.unit.recorded import ONE, Record, all_done, model_server, ran


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    monkeypatch.setattr(version_module, "Workers", Record)
    Record.made.clear()
    return model_server(tmp_path)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of an archive that has to be fetched."""
    return mar(tmp_path, {}, modelName="own").rename(tmp_path / "own.mar").as_uri()


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def unpacked(server: ModelServer) -> set[str]:
    return {folder.name for folder in server.folder.iterdir()}


def used(server: ModelServer, *names: str) -> set[str]:
    return {server.version(name, None).archived.folder.name for name in names}


def test_a_snapshot_that_cannot_be_written_leaves_no_half_change(
    server: ModelServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        server.keep(tmp_path / "snapshot.cfg")
        await server.register(ONE)
        monkeypatch.setattr(snapshot, "write", full)
        assert (await server.unregister("spots", None)).code == 200
        assert Record.made["spots--1.0"].running == (0, 0)
        assert (await server.register(ONE)).code == 200

    ran(scenario)
    assert f"can't be kept in {tmp_path}/snapshot.cfg: [Errno 28]" in caplog.text


@pytest.mark.parametrize("synchronous", [True, False])
def test_what_starts_by_a_bug_is_not_registered(
    server: ModelServer,
    url: str,
    synchronous: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wanted = replace(ONE, url=url, synchronous=synchronous)

    async def scenario() -> None:
        monkeypatch.setattr(Record, "bug", ValueError("out of range"))
        (told,) = await asyncio.gather(server.register(wanted), return_exceptions=True)
        assert isinstance(told, ValueError) is synchronous
        await all_done(server)
        assert server.models == {}
        monkeypatch.setattr(Record, "bug", None)
        assert (await server.register(replace(wanted, synchronous=True))).code == 200

    ran(scenario)
    assert ("out of range" in caplog.text) is not synchronous


def test_what_came_by_url_and_could_not_be_unpacked_is_not_in_the_way(
    server: ModelServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(server_module, "unpack", full)
            with pytest.raises(OSError, match="No space left"):
                await server.register(replace(ONE, url=url))
        assert (await server.register(replace(ONE, url=url))).code == 200

    ran(scenario)


def test_what_cannot_be_a_version_leaves_no_model_without_any(server: ModelServer) -> None:
    async def scenario() -> None:
        with pytest.raises(OverflowError):
            await server.register(replace(ONE, max_batch_delay_ms=10**400))
        assert server.list_models(100, 0)["models"] == []

    ran(scenario)


@pytest.mark.parametrize("name", ["a/b", "a\\b", "..", "a\nb", "\ud800"])
def test_a_name_that_no_url_could_ask_for_is_refused(server: ModelServer, name: str) -> None:
    async def scenario() -> None:
        with pytest.raises(BadRequest, match="model_name can't be part of a URL"):
            await server.register(replace(ONE, model_name=name))
        assert server.models == {}

    ran(scenario)


def test_what_was_unpacked_goes_with_the_last_who_uses_it(server: ModelServer) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        await server.register(replace(ONE, model_name="same"))
        await server.register(replace(ONE, url="later.mar", model_name="other"))
        await server.unregister("spots", None)
        assert unpacked(server) == used(server, "same", "other")
        await server.unregister("same", None)
        assert unpacked(server) == used(server, "other")

    ran(scenario)


def test_what_was_unpacked_for_nothing_is_gone(server: ModelServer) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        mar(server.store.root, {"more.txt": "another content, of the same version"})
        with pytest.raises(Conflict):
            await server.register(ONE)
        assert unpacked(server) == used(server, "spots")
        failing = server.register(Registration(url="later.mar", initial_workers=101))
        with pytest.raises(Internal):
            await failing
        assert unpacked(server) == used(server, "spots")

    ran(scenario)


def test_workers_that_still_end_keep_what_they_were_started_from(server: ModelServer) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        version = server.version("spots", None)
        async with version.changing:
            removal = asyncio.create_task(server.unregister("spots", None))
            await asyncio.sleep(0)
            while not server.ending:
                await asyncio.sleep(0)
            await server.discard("nobody.mar")
            assert version.archived.folder.is_dir()
        await removal
        assert unpacked(server) == set()

    ran(scenario)


def test_what_is_being_registered_keeps_what_another_leaves(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, go = threading.Event(), threading.Event()

    def slow(path: Path, into: Path, handler: str | None) -> ArchivedModel:
        found = unpack(path, into, handler)
        ready.set()
        go.wait(5)
        return found

    async def scenario() -> None:
        await server.register(ONE)
        monkeypatch.setattr(server_module, "unpack", slow)
        coming = asyncio.create_task(server.register(replace(ONE, model_name="same")))
        await asyncio.to_thread(ready.wait, 5)
        going = asyncio.create_task(server.unregister("spots", None))
        while "spots" in server.models or server.ending:
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        go.set()
        await asyncio.gather(coming, going)
        assert unpacked(server) == used(server, "same")

    ran(scenario)


@pytest.mark.parametrize("change", ["registered", "removed"])
def test_all_versions_are_told_while_they_change(server: ModelServer, change: str) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        if change == "removed":
            await server.register(replace(ONE, url="later.mar"))
        record = Record.made["spots--1.0"]
        record.may_tell.clear()
        telling = asyncio.create_task(server.describe("spots", "all"))
        await asyncio.sleep(0.01)
        if change == "removed":
            await server.unregister("spots", "2.0")
        else:
            await server.register(replace(ONE, url="later.mar"))
        record.may_tell.set()
        assert (await telling)[0]["modelVersion"] == "1.0"

    ran(scenario)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"classes": 8}', {"customizedMetadata": {"classes": 8}}),
        (b"v3 of march", {"customizedMetadata": {}}),
        (b"[1]", {"customizedMetadata": {}}),
        (b"\xff", {"customizedMetadata": {}}),
        (b"", {}),
    ],
)
def test_a_description_that_is_no_json_object_is_an_empty_one(
    server: ModelServer, body: bytes, told: dict[str, object]
) -> None:
    async def scenario() -> None:
        await server.register(ONE)
        Record.made["spots--1.0"].body = body
        (found,) = await server.describe("spots", None, customized=True)
        assert {k: v for k, v in found.items() if k == "customizedMetadata"} == told

    ran(scenario)
