"""Versions of a registered model: found and fetched, in a real MLflow on SQLite."""

import logging
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import mlflow
import pytest
import requests

from registry import address, versions
from registry.address import RegistryError, tracking_uri
from registry.champion import CHAMPION, crown
from registry.download import CONFIG_NAME, MODEL_NAME, fetched, files
from registry.versions import Version, give_alias, numbered, with_alias
from serve.settings import Settings, SettingsError
from tests.conftest import ROOT

IMPORTS = """
import sys
import mar_config.build
from serve.settings import Settings

Settings.from_env({})
print("mlflow" in sys.modules)
"""


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """MLflow takes seconds to make a new file, so there is one."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count()


@pytest.fixture
def name(uri: str, numbers: Iterator[int]) -> str:
    """A registered model of the test's own."""
    name = f"model-{next(numbers)}"
    mlflow.MlflowClient(uri).create_registered_model(name)
    return name


def made(uri: str, name: str, folder: Path, content: str = "weights") -> Version:
    """A version in MLflow's own layout: what was registered is one folder below `data`."""
    files = folder / name / content / "data" / "as-registered"
    files.mkdir(parents=True)
    (files / MODEL_NAME).write_text(content)
    (files / CONFIG_NAME).write_text("{}")
    source = files.parents[1].as_uri()
    number = str(mlflow.MlflowClient(uri).create_model_version(name, source).version)
    return numbered(uri, name, number)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def test_a_version_is_found_by_its_alias_and_no_other(uri: str, name: str, tmp_path: Path) -> None:
    first, second = (made(uri, name, tmp_path, content) for content in ("one", "two"))

    give_alias(uri, second, "candidate")

    assert with_alias(uri, name, "candidate") == second != first
    assert with_alias(uri, name, "champion") is None


@pytest.mark.parametrize("ending", ["@candidate", "/1"])
def test_files_come_by_alias_and_by_number(
    uri: str, name: str, tmp_path: Path, ending: str
) -> None:
    give_alias(uri, made(uri, name, tmp_path), "candidate")

    model, config = files(
        f"models:/{name}{ending}", tmp_path / "here", {"MLFLOW_TRACKING_URI": uri}
    )

    assert (model.name, config.name) == (MODEL_NAME, CONFIG_NAME)
    assert (model.read_text(), config.read_text()) == ("weights", "{}")
    assert model.is_relative_to(tmp_path / "here")


def test_what_has_been_downloaded_is_not_downloaded_again(
    uri: str, name: str, tmp_path: Path
) -> None:
    version = made(uri, name, tmp_path)
    first = fetched(uri, version, tmp_path / "here")
    shutil.rmtree(tmp_path / name)

    second = fetched(uri, version, tmp_path / "here")

    assert first == second
    assert [path.name for path in (tmp_path / "here").iterdir()] == [first.name]


def test_of_two_that_fetch_a_version_at_once_the_second_takes_the_firsts(
    uri: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = made(uri, name, tmp_path)
    real = versions.download

    def overtaken(*given: object) -> Path:
        monkeypatch.setattr(versions, "download", real)
        fetched(uri, version, tmp_path / "here")
        return real(*given)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(versions, "download", overtaken)

    found = fetched(uri, version, tmp_path / "here")

    assert (found / MODEL_NAME).read_text() == "weights"
    assert list((tmp_path / "here").iterdir()) == [found]


def test_the_same_number_of_another_registry_is_another_folder() -> None:
    one, other = (
        Version(name="skin_vit", number="1", source=source) for source in ("models:/m-1", "m-2")
    )

    assert one.folder != other.folder


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("models:/skin_vit", "write models:/skin_vit@champion or models:/skin_vit/3"),
        ("models:/skin_vit/latest", "write models:/skin_vit@champion"),
        ("models:skin_vit@champion", "write models:/skin_vit@champion"),
        ("models:/absent@champion", "No absent is registered at .*: register one"),
        ("models:/absent/3", "version=3"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    uri: str, name: str, tmp_path: Path, model: str, said: str
) -> None:
    with pytest.raises(RegistryError, match=said) as caught:
        files(model, tmp_path, {"MLFLOW_TRACKING_URI": uri})

    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_model_without_the_alias_says_how_to_get_one(uri: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=rf"No version of {name} at .* is its champion"):
        files(f"models:/{name}@champion", tmp_path, {"MLFLOW_TRACKING_URI": uri})


def test_files_that_are_gone_are_one_sentence(uri: str, name: str, tmp_path: Path) -> None:
    version = made(uri, name, tmp_path)
    shutil.rmtree(tmp_path / name)

    with pytest.raises(RegistryError, match="MLflow at sqlite") as caught:
        fetched(uri, version, tmp_path / "here")

    assert "\n" not in str(caught.value)
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (requests.HTTPError("403 Forbidden: no."), "can't be reached: 403 Forbidden: no."),
        (requests.ConnectionError(), "can't be reached: ConnectionError."),
        (
            PermissionError(13, "Permission denied"),
            r"can't be reached: \[Errno 13\] Permission denied.",
        ),
        (ModuleNotFoundError("No module named 'botocore'"), "'botocore'. Install it."),
    ],
)
def test_what_a_store_elsewhere_raises_is_one_sentence(
    uri: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    def fails(**_: object) -> None:
        raise error

    version = made(uri, name, tmp_path)
    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", fails)

    with pytest.raises(RegistryError, match=f"MLflow at sqlite.* {said}$"):
        fetched(uri, version, tmp_path / "here")


@pytest.mark.parametrize(
    "held", [[], ["model.pth"], ["a/other.pt"], ["a/skin_vit.pt", "b/skin_vit.pt"]]
)
def test_a_model_of_another_kind_is_not_fetched(
    uri: str, name: str, tmp_path: Path, held: list[str]
) -> None:
    data = tmp_path / "other" / "data"
    data.mkdir(parents=True)
    for file in held:
        (data / file).parent.mkdir(exist_ok=True)
        (data / file).touch()
    client = mlflow.MlflowClient(uri)
    number = client.create_model_version(name, data.parent.as_uri()).version

    with pytest.raises(RegistryError, match=f"of {name} was not registered by train.register_mod"):
        fetched(uri, numbered(uri, name, str(number)), tmp_path / "here")

    assert list((tmp_path / "here").iterdir()) == []


def test_no_registry_is_not_made_by_looking_into_it(tmp_path: Path) -> None:
    absent = tmp_path / "mlflow.db"

    with pytest.raises(RegistryError, match="There is no registry at sqlite"):
        files("models:/skin_vit@champion", tmp_path, {"MLFLOW_TRACKING_URI": f"sqlite:///{absent}"})

    assert not absent.exists()


def test_a_server_that_was_named_must_answer(closed_port: int) -> None:
    with pytest.raises(RegistryError, match=f"No MLflow server answers at .*:{closed_port}"):
        tracking_uri({"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{closed_port}"})


@pytest.mark.parametrize("named", ["http://[::1", "http://", "https://a b"])
def test_an_address_that_is_none_does_not_answer(named: str) -> None:
    with pytest.raises(RegistryError, match=r"No MLflow server answers at .*: start it"):
        tracking_uri({"MLFLOW_TRACKING_URI": named})


def test_without_our_server_it_is_the_file_in_the_model_store(
    tmp_path: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "SERVER", f"http://127.0.0.1:{closed_port}")

    assert tracking_uri({}, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"


def test_where_mlflow_is_not_installed_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Python keeps of a module that is not to be found.
    monkeypatch.setitem(sys.modules, "mlflow", None)

    with pytest.raises(RegistryError, match=r"\[registry\]"):
        files("models:/skin_vit@champion", tmp_path, {})


def test_serving_and_packing_a_file_do_not_import_mlflow() -> None:
    run = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert run.stdout.split() == ["False"]


def test_a_registered_model_can_be_served(uri: str, name: str, tmp_path: Path) -> None:
    crown(uri, made(uri, name, tmp_path))
    env = {
        "SKIN_MODEL": f"models:/{name}@champion",
        "SKIN_MODEL_STORE": str(tmp_path / "store"),
        "MLFLOW_TRACKING_URI": uri,
    }

    settings = Settings.from_env(env)

    assert settings.model is not None
    assert settings.model.read_text() == "weights"
    assert settings.model_config.parent == settings.model.parent
    assert settings.model.is_relative_to(tmp_path / "store")


def test_serving_what_is_not_registered_names_the_variable(uri: str, tmp_path: Path) -> None:
    env = {"SKIN_MODEL": "models:/absent@champion", "MLFLOW_TRACKING_URI": uri}

    with pytest.raises(SettingsError, match=r"SKIN_MODEL can't be had: .*No absent is registered"):
        Settings.from_env(env | {"SKIN_MODEL_STORE": str(tmp_path)})


def test_what_was_never_registered_is_said(uri: str) -> None:
    with pytest.raises(RegistryError, match=r"No absent is registered at .*: register one"):
        with_alias(uri, "absent", CHAMPION)
