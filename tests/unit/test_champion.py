"""Aliases: which version is champion, and the way back, in a real MLflow on SQLite."""

import logging
from pathlib import Path

import mlflow
import pytest

from registry import champion
from registry.address import RegistryError
from registry.champion import ALIAS, CHAMPION, crown, former, roll_back
from registry.versions import Version, give_alias, numbered, with_alias


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """MLflow takes seconds to make a new file, so there is one."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return f"sqlite:///{tmp_path_factory.mktemp('champion')}/mlflow.db"


@pytest.fixture
def versions(uri: str, request: pytest.FixtureRequest, tmp_path: Path) -> list[Version]:
    """Three, of a registered model of the test's own."""
    client, name = mlflow.MlflowClient(uri), request.node.name
    client.create_registered_model(name)
    made = [client.create_model_version(name, (tmp_path / place).as_uri()) for place in "abc"]
    return [numbered(uri, name, str(one.version)) for one in made]


def test_the_champion_before_is_remembered(uri: str, versions: list[Version]) -> None:
    first, second, _ = versions
    crown(uri, first)
    crown(uri, second)

    rolled_back = roll_back(uri, first.name)

    assert rolled_back == first == with_alias(uri, first.name, CHAMPION)


def test_rolling_back_goes_one_further_each_time(uri: str, versions: list[Version]) -> None:
    one, two, three = versions
    # The second comes back as a fourth: a memory of one step would go round in a circle.
    for version in (one, two, three, two):
        crown(uri, version)

    assert [roll_back(uri, one.name) for _ in range(3)] == [three, two, one]
    with pytest.raises(RegistryError, match="no former champion"):
        roll_back(uri, one.name)
    assert with_alias(uri, one.name, CHAMPION) == one


def test_a_former_champion_that_was_deleted_is_passed_over(
    uri: str, versions: list[Version]
) -> None:
    one, two, _ = versions
    for version in versions:
        crown(uri, version)
    mlflow.MlflowClient(uri).delete_model_version(two.name, two.number)

    assert roll_back(uri, one.name) == one == with_alias(uri, one.name, CHAMPION)


def test_who_is_champion_already_is_no_former_one(uri: str, versions: list[Version]) -> None:
    one, two, _ = versions
    # As of two promotions at once.
    for version in (one, two, two):
        crown(uri, version)

    assert former(uri, one.name) == [one.number]
    assert roll_back(uri, one.name) == one == with_alias(uri, one.name, CHAMPION)


def test_a_promotion_that_was_killed_leaves_the_way_back(
    uri: str, versions: list[Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = versions
    for version in (one, two):
        crown(uri, version)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as midway:
        midway.setattr(champion, "give_alias", killed)
        with pytest.raises(KeyboardInterrupt):
            crown(uri, three)

    assert with_alias(uri, one.name, CHAMPION) == two
    assert roll_back(uri, one.name) == one == with_alias(uri, one.name, CHAMPION)


def test_the_first_champion_has_none_before_it(uri: str, versions: list[Version]) -> None:
    crown(uri, versions[0])

    with pytest.raises(RegistryError, match=f"no former champion of {versions[0].name}"):
        roll_back(uri, versions[0].name)


@pytest.mark.usefixtures("versions")
def test_what_was_never_registered_has_none(uri: str) -> None:
    with pytest.raises(RegistryError, match=r"No absent is registered at .*: register one"):
        roll_back(uri, "absent")


def test_an_alias_is_what_mlflow_takes_as_one(uri: str, versions: list[Version]) -> None:
    for alias in ("latest-one", "v2a", "version_2", "é", "2", "a" * 255):
        give_alias(uri, versions[0], alias)
        assert ALIAS.fullmatch(alias)

    for alias in ("latest", "Latest", "v2", "V10", "a/b", "a b", "", "a" * 256):
        with pytest.raises(RegistryError):
            give_alias(uri, versions[0], alias)
        assert not ALIAS.fullmatch(alias)
