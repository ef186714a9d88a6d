"""SKIN_* variables: who reads which, what holds without them, and that all agree."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from mar_config.build import ROOT
from serve.settings import Settings as RaySettings
from serve.settings import SettingsError as RaySettingsError
from streamlit_app.settings import Settings as PageSettings
from streamlit_app.settings import SettingsError as PageSettingsError
from up.settings import DEFAULT_PORTS, SettingsError
from up.settings import Settings as UpSettings

BATCHING = ROOT / "mar_config" / "model-config.yaml"


def test_ray_serves_this_project_on_loopback_by_default() -> None:
    settings = RaySettings.from_env({})

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.model == ROOT / "model_store" / "skin_vit.pt"
    assert settings.model_config == ROOT / "mar_config" / "skin_lesion_model_config.json"


def test_ray_serve_batches_as_torchserves_own_file_says() -> None:
    said = yaml.safe_load(BATCHING.read_text())

    settings = RaySettings.from_env({})

    assert settings.replicas == said["minWorkers"]
    assert settings.batch_size == said["batchSize"]
    assert settings.batch_delay_s == said["maxBatchDelay"] / 1000


def test_ray_serves_settings_can_be_set(tmp_path: Path) -> None:
    batching = tmp_path / "batching.yaml"
    batching.write_text("minWorkers: 3\nbatchSize: 5\nmaxBatchDelay: 20\n")

    settings = RaySettings.from_env(
        {
            "SKIN_MODEL": "/a/model.pt",
            "SKIN_MODEL_CONFIG": "/a/config.json",
            "SKIN_HOST": "10.0.0.1",
            "SKIN_RAY_PORT": "8123",
            "SKIN_BATCHING": str(batching),
        }
    )

    assert settings == RaySettings(
        model=Path("/a/model.pt"),
        model_config=Path("/a/config.json"),
        host="10.0.0.1",
        port=8123,
        replicas=3,
        batch_size=5,
        batch_delay_s=0.02,
    )


def test_a_registered_model_has_its_own_config() -> None:
    env = {"SKIN_MODEL": "models:/skin_vit@champion", "SKIN_MODEL_CONFIG": "/a/config.json"}

    with pytest.raises(RaySettingsError, match="SKIN_MODEL_CONFIG must not be set"):
        RaySettings.from_env(env)


def test_all_servers_start_on_loopback_by_default() -> None:
    settings = UpSettings.from_env({})

    assert settings == UpSettings(host="127.0.0.1", ports=DEFAULT_PORTS, logs=ROOT / "logs")


@pytest.mark.parametrize("name", DEFAULT_PORTS)
def test_each_servers_port_can_be_set(name: str) -> None:
    settings = UpSettings.from_env({name: "9123", "SKIN_HOST": "10.0.0.1", "SKIN_LOGS": "/a/logs"})

    assert settings.ports == {**DEFAULT_PORTS, name: 9123}
    assert settings.url(name) == "http://10.0.0.1:9123"
    assert settings.logs == Path("/a/logs")


def test_no_two_servers_have_the_same_default_port() -> None:
    assert len(set(DEFAULT_PORTS.values())) == len(DEFAULT_PORTS)


@pytest.mark.parametrize(
    ("read", "error", "name"),
    [
        (RaySettings.from_env, RaySettingsError, "SKIN_RAY_PORT"),
        *((UpSettings.from_env, SettingsError, name) for name in DEFAULT_PORTS),
        (PageSettings.from_env, PageSettingsError, "SKIN_TORCHSERVE_PORT"),
        (PageSettings.from_env, PageSettingsError, "SKIN_RAY_PORT"),
    ],
)
@pytest.mark.parametrize("port", ["eighty", "0", "65536"])
def test_what_is_no_port_is_an_error_that_names_its_variable(
    read: Callable[[Mapping[str, str]], object], error: type[Exception], name: str, port: str
) -> None:
    with pytest.raises(error, match=name):
        read({name: port})


def test_the_page_looks_where_the_servers_listen() -> None:
    servers, ray = UpSettings.from_env({}), RaySettings.from_env({})

    torchserve_url, ray_url = (one.url for one in PageSettings.from_env({}).backends)

    assert torchserve_url == servers.url("SKIN_TORCHSERVE_PORT")
    assert ray_url == servers.url("SKIN_RAY_PORT") == f"http://{ray.host}:{ray.port}"


def test_the_page_looks_where_the_servers_were_told_to_listen() -> None:
    env = {"SKIN_HOST": "10.0.0.1", "SKIN_TORCHSERVE_PORT": "9080", "SKIN_RAY_PORT": "9000"}
    servers, ray = UpSettings.from_env(env), RaySettings.from_env(env)

    torchserve_url, ray_url = (one.url for one in PageSettings.from_env(env).backends)

    assert torchserve_url == servers.url("SKIN_TORCHSERVE_PORT") == "http://10.0.0.1:9080"
    assert ray_url == servers.url("SKIN_RAY_PORT") == f"http://{ray.host}:{ray.port}"


def test_a_backend_elsewhere_is_named_by_its_url() -> None:
    env = {"SKIN_TORCHSERVE_URL": "https://a.example", "SKIN_RAY_URL": "https://b.example/skin"}

    settings = PageSettings.from_env(env)

    assert [one.url for one in settings.backends] == ["https://a.example", "https://b.example/skin"]


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({}, "TorchServe"),
        ({"SKIN_BACKEND": "torchserve"}, "TorchServe"),
        ({"SKIN_BACKEND": "ray"}, "Ray Serve"),
    ],
)
def test_the_page_starts_with_the_backend_of_choice(env: dict[str, str], name: str) -> None:
    settings = PageSettings.from_env(env)

    assert settings.backends[settings.chosen].name == name


def test_a_backend_of_another_name_is_refused_by_name() -> None:
    with pytest.raises(PageSettingsError, match="must be torchserve or ray, not 'Ray'"):
        PageSettings.from_env({"SKIN_BACKEND": "Ray"})
