"""What a server has when it starts; its workers are a record of what is asked of them."""

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from serve import startup
from serve.dialect import access
from serve.dialect.properties import ServerConfig
from serve.dialect.property_values import models_to_load
from serve.models import version as version_module
from serve.models.server import ModelServer
from serve.models.snapshot import SnapshotError
from serve.models.store import ModelStore
from serve.settings import Settings, SettingsError
from tests.unit.packed import mar
from tests.unit.recorded import ONE, Record

SPOTS = {
    "defaultVersion": True,
    "marName": "spots.mar",
    "minWorkers": 2,
    "maxWorkers": 3,
    "batchSize": 4,
    "maxBatchDelay": 50,
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(version_module, "Workers", Record)
    monkeypatch.setattr(access, "write_to", lambda _: None)
    monkeypatch.setattr(startup, "end_others", Record.end_others)
    store = tmp_path / "store"
    store.mkdir()
    mar(store, {})
    env = {"SKIN_MODEL_STORE": str(store), "SKIN_LOGS": str(tmp_path / "logs")}
    config = ServerConfig(load_models=models_to_load("spots.mar"), disable_token_authorization=True)
    return replace(Settings.from_env(env), config=config)


def started(settings: Settings) -> ModelServer:
    async def run() -> ModelServer:
        startup.check(settings)
        server, _ = await startup.started(settings)
        return server

    return asyncio.run(run())


def using(settings: Settings, **properties: object) -> Settings:
    return replace(settings, config=replace(settings.config, **properties))  # type: ignore[arg-type]


def test_the_models_property_says_how_they_are_loaded(settings: Settings) -> None:
    server = started(using(settings, models=json.dumps({"spots": {"1.0": SPOTS}})))

    terms = server.version("spots", None).terms
    assert Record.made["spots--1.0"].running == (2, 3)
    assert (terms.batch_size, terms.max_batch_delay_ms) == (4, 50)


def test_what_it_says_of_another_version_is_passed_over(settings: Settings) -> None:
    started(using(settings, models=json.dumps({"spots": {"2.0": SPOTS}})))

    assert Record.made["spots--1.0"].running == (1, 1)


def test_a_torchserves_snapshot_is_restored(settings: Settings) -> None:
    text = json.dumps({"models": {"spots": {"1.0": SPOTS}}})

    started(using(settings, load_models=(), model_snapshot=text))

    assert Record.made["spots--1.0"].running == (2, 3)


@pytest.mark.parametrize(("workers", "running"), [(None, (1, 1)), (3, (3, 3)), (0, (0, 0))])
def test_a_loaded_model_has_the_default_number_of_workers(
    settings: Settings, workers: int | None, running: tuple[int, int]
) -> None:
    started(using(settings, default_workers_per_model=workers))

    assert Record.made["spots--1.0"].running == running


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"minWorkers": 0, "maxWorkers": -1, "batchSize": 0, "maxBatchDelay": None},
        {"defaultVersion": True, "marName": "spots.mar"},
    ],
)
def test_what_it_leaves_out_or_sets_to_0_is_the_default(
    settings: Settings, said: dict[str, object]
) -> None:
    server = started(using(settings, models=json.dumps({"spots": {"1.0": said}})))

    terms = server.version("spots", None).terms
    assert Record.made["spots--1.0"].running == (1, 1)
    assert (terms.batch_size, terms.max_batch_delay_ms, terms.response_timeout_s) == (1, 100, 120)


def test_its_numbers_may_be_texts(settings: Settings) -> None:
    said = {"minWorkers": "2", "batchSize": "+4"}

    server = started(using(settings, models=json.dumps({"spots": {"1.0": said}})))

    assert Record.made["spots--1.0"].running == (2, 2)
    assert server.version("spots", None).terms.batch_size == 4


@pytest.mark.parametrize("value", ["many", "", " 4", "1_000", 4.5, True, [4], 1 << 31])
def test_what_is_no_number_is_named_before_the_start(settings: Settings, value: object) -> None:
    text = json.dumps({"spots": {"1.0": {"batchSize": value}}})

    with pytest.raises(SettingsError, match=r"models .* batchSize of version 1\.0 of spots"):
        startup.check(using(settings, models=text))


def test_a_version_whose_file_was_replaced_is_there_after_a_restart(settings: Settings) -> None:
    first = started(settings).version("spots", None).archived
    mar(settings.store, {}, modelVersion="1.1")

    server = started(using(settings, load_models=()))

    assert server.version("spots", None).archived == first
    assert Record.made["spots--1.0"].spec.folder == str(first.folder)
    assert (first.folder / "spots.py").is_file()


def test_two_versions_of_one_file_are_there_after_a_restart(settings: Settings) -> None:
    async def registered() -> None:
        server, _ = await startup.started(settings)
        mar(settings.store, {}, modelVersion="2.0")
        await server.register(ONE)

    asyncio.run(registered())

    server = started(settings)

    assert list(server.models["spots"].versions) == ["1.0", "2.0"]
    assert server.version("spots", None).version == "1.0"


def test_a_version_that_is_nowhere_any_more_is_told_with_its_file_and_snapshot(
    settings: Settings,
) -> None:
    started(settings)
    shutil.rmtree(settings.logs / "models")
    mar(settings.store, {}, modelVersion="1.1")

    with pytest.raises(SnapshotError) as caught:
        started(settings)

    said = f"{settings.snapshot} wants version 1.0 from spots.mar. It holds version 1.1. Put each"
    assert str(caught.value).startswith(said)


def test_one_whose_new_file_has_not_its_handler_is_there_after_a_restart(
    settings: Settings,
) -> None:
    mar(settings.store, {"other.py": "def handle(data, context): ..."})
    one = replace(ONE, handler="other.py")

    async def registered() -> None:
        server, _ = await startup.started(using(settings, load_models=()))
        await server.register(one)

    asyncio.run(registered())
    mar(settings.store, {}, modelVersion="1.1")

    server = started(using(settings, load_models=()))

    assert list(server.models["spots"].versions) == ["1.0"]


def test_a_start_that_keeps_no_snapshot_leaves_what_another_needs(settings: Settings) -> None:
    started(settings)
    mar(settings.store, {}, modelVersion="1.1")

    started(replace(settings, snapshot=None))
    server = started(settings)

    assert list(server.models["spots"].versions) == ["1.0"]


def test_what_was_built_anew_as_the_same_version_is_what_a_restart_brings(
    settings: Settings,
) -> None:
    started(settings)
    mar(settings.store, {"more.txt": "more"})

    server = started(settings)

    assert (server.version("spots", None).archived.folder / "more.txt").is_file()


def test_the_handler_that_a_registration_named_is_there_after_a_restart(settings: Settings) -> None:
    async def registered() -> None:
        server, _ = await startup.started(using(settings, load_models=()))
        await server.register(replace(ONE, handler="image_classifier"))

    asyncio.run(registered())
    for _ in range(2):
        assert started(settings).version("spots", None).archived.handler == "image_classifier"


def test_what_an_older_start_unpacked_is_gone(settings: Settings) -> None:
    first = started(settings).version("spots", None).archived.folder
    (first.parent / ".unpacking-half").mkdir()
    mar(settings.store, {"more.txt": "more"})

    second = started(settings).version("spots", None).archived.folder

    assert second != first
    assert list(first.parent.iterdir()) == [second]


@pytest.mark.parametrize("key", ["models", "model_snapshot"])
def test_a_property_that_cannot_be_read_is_named_before_the_start(
    settings: Settings, key: str
) -> None:
    with pytest.raises(SettingsError, match=f"The property {key} can't be read"):
        startup.check(using(settings, **{key: "{"}))


def test_an_archive_that_is_gone_is_named_with_its_snapshot_before_the_start(
    settings: Settings,
) -> None:
    started(settings)
    (settings.store / "spots.mar").unlink()

    with pytest.raises(SettingsError, match=r"not found at: spots\.mar.*snapshot\.cfg names it"):
        startup.check(settings)


@pytest.mark.parametrize(
    ("said", "loaded"),
    [
        ("a.mar", [("a.mar", None)]),
        ("b=a.mar,c.mar", [("a.mar", "b"), ("c.mar", None)]),
        ("all", [("spots.mar", None)]),
    ],
)
def test_the_archives_can_be_said(
    settings: Settings, said: str, loaded: list[tuple[str, str | None]]
) -> None:
    env = {"SKIN_MODEL_STORE": str(settings.store), "SKIN_ARCHIVE": said}

    found = Settings.from_env(env)

    assert startup.to_load(found, ModelStore(found.store)) == loaded


def test_archives_that_make_no_sense_name_the_variable() -> None:
    with pytest.raises(SettingsError, match=r"SKIN_ARCHIVE must be all, or archives"):
        Settings.from_env({"SKIN_ARCHIVE": "=a.mar"})


def test_of_workers_of_an_earlier_front_those_stay_that_are_wanted(settings: Settings) -> None:
    async def registered() -> None:
        server, _ = await startup.started(replace(settings, snapshot=None))
        await server.register(replace(ONE, url="later.mar"))
        await server.register(replace(ONE, model_name="others", url="later.mar"))

    mar(settings.store, {}, modelVersion="2.0").rename(settings.store / "later.mar")
    mar(settings.store, {})
    asyncio.run(registered())

    started(replace(settings, snapshot=None))

    running = {name for name, one in Record.made.items() if one.running != (0, 0)}
    assert running == {"spots--1.0"}
