"""The flags of `python -m serve.run`, and what holds without them."""

import os
from pathlib import Path

import pytest

from serve.run import flags, settings_of
from serve.settings import Settings


@pytest.fixture(autouse=True)
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the environment's but a config.properties that says neither."""
    properties = tmp_path / "config.properties"
    properties.write_text("load_models=a.mar\n")
    monkeypatch.setattr(os, "environ", {"SKIN_TS_CONFIG": str(properties)})


def settings(*words: str) -> Settings:
    return settings_of(flags().parse_args(words))


def loaded(found: Settings) -> list[tuple[str | None, str]]:
    return [(one.name, one.url) for one in found.config.load_models]


def test_without_flags_it_is_as_the_environment_says() -> None:
    found = settings()

    assert found == Settings.from_env(os.environ)
    assert loaded(found) == [(None, "a.mar")]
    assert found.snapshot is not None
    assert not found.config.disable_token_authorization
    assert not found.config.model_api_enabled


def test_tokens_are_turned_off_by_a_flag_alone() -> None:
    found = settings("--disable-token-auth").config

    assert found.disable_token_authorization
    assert not found.model_api_enabled


def test_registering_is_turned_on_by_a_flag_alone() -> None:
    found = settings("--enable-model-api").config

    assert found.model_api_enabled
    assert not found.disable_token_authorization


def test_what_the_file_turns_on_needs_no_flag(tmp_path: Path) -> None:
    said = "enable_model_api=true\ndisable_token_authorization=true\n"
    (tmp_path / "config.properties").write_text(said)

    found = settings().config

    assert found.model_api_enabled
    assert found.disable_token_authorization


def test_no_snapshot_is_kept_nor_restored_where_none_is_wanted() -> None:
    found = settings("--ncs")

    assert found.snapshot is None
    assert found.restores is None


def test_archives_that_are_named_are_loaded_instead_of_the_files() -> None:
    found = settings("--models", "b.mar", "own=c.mar")

    assert loaded(found) == [(None, "b.mar"), ("own", "c.mar")]


def test_the_store_and_the_settings_that_are_named_are_those(tmp_path: Path) -> None:
    other = tmp_path / "other.properties"
    other.write_text("job_queue_size=7\n")

    found = settings("--ts-config", str(other), "--model-store", "/a/store")

    assert found.config.job_queue_size == 7
    assert found.store == Path("/a/store")
