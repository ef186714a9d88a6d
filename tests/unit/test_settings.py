"""SKIN_* variables: who reads which, what holds without them, and that all agree."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from handlers.limits import MAX_BODY_BYTES
from mar_config.build import ROOT
from serve.settings import Settings as RaySettings
from serve.settings import SettingsError as RaySettingsError
from streamlit_app.settings import Settings as PageSettings
from streamlit_app.settings import SettingsError as PageSettingsError
from up.settings import DEFAULT_PORTS, SettingsError
from up.settings import Settings as UpSettings


def test_ray_serves_this_project_on_loopback_by_default() -> None:
    settings = RaySettings.from_env({})

    assert (settings.host, settings.port, settings.grpc_port) == ("127.0.0.1", 8000, 9000)
    assert settings.store == ROOT / "model_store"
    assert settings.model is None
    assert [one.url for one in settings.config.load_models] == ["skin_vit.mar"]


def test_both_backends_have_the_same_limits_and_tokens() -> None:
    config = RaySettings.from_env({}).config

    assert config.max_request_size == MAX_BODY_BYTES
    assert not config.disable_token_authorization
    assert not config.model_api_enabled
    assert config.allowed_urls == ()


def test_ray_serves_settings_can_be_set(tmp_path: Path) -> None:
    properties = tmp_path / "config.properties"
    properties.write_text("job_queue_size=7\nload_models=a.mar\n")

    settings = RaySettings.from_env(
        {
            "SKIN_TS_CONFIG": str(properties),
            "SKIN_MODEL_STORE": "/a/store",
            "SKIN_ARCHIVE": "b.mar",
            "SKIN_HOST": "10.0.0.1",
            "SKIN_RAY_PORT": "8123",
            "SKIN_RAY_GRPC_PORT": "9123",
            "SKIN_LOGS": "/a/logs",
        }
    )

    assert (settings.host, settings.port, settings.grpc_port) == ("10.0.0.1", 8123, 9123)
    assert settings.store == Path("/a/store")
    assert [one.url for one in settings.config.load_models] == ["b.mar"]
    assert settings.config.job_queue_size == 7
    assert settings.key_file == Path("/a/logs/ray/key_file.json")
    assert settings.snapshot == Path("/a/logs/ray/snapshot.cfg")


def test_a_model_in_no_archive_is_served_and_not_kept() -> None:
    env = {"SKIN_MODEL": "/a/model.pt", "SKIN_MODEL_CONFIG": "/a/config.json"}

    settings = RaySettings.from_env(env)

    assert settings.model == Path("/a/model.pt")
    assert settings.model_config == Path("/a/config.json")
    assert settings.snapshot is None


def test_what_is_wrong_with_torchserves_settings_is_said(tmp_path: Path) -> None:
    properties = tmp_path / "config.properties"
    properties.write_text("job_queue_size=many\n")

    with pytest.raises(RaySettingsError, match="job_queue_size"):
        RaySettings.from_env({"SKIN_TS_CONFIG": str(properties)})


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
        (RaySettings.from_env, RaySettingsError, "SKIN_RAY_GRPC_PORT"),
        *((UpSettings.from_env, SettingsError, name) for name in DEFAULT_PORTS),
        (PageSettings.from_env, PageSettingsError, "SKIN_TORCHSERVE_PORT"),
        (PageSettings.from_env, PageSettingsError, "SKIN_TORCHSERVE_MANAGEMENT_PORT"),
        (PageSettings.from_env, PageSettingsError, "SKIN_RAY_PORT"),
    ],
)
@pytest.mark.parametrize("port", ["eighty", "0", "65536"])
def test_what_is_no_port_is_an_error_that_names_its_variable(
    read: Callable[[Mapping[str, str]], object], error: type[Exception], name: str, port: str
) -> None:
    with pytest.raises(error, match=name):
        read({name: port})


def test_two_servers_on_one_port_are_named() -> None:
    env = {"SKIN_RAY_PORT": "8080"}

    with pytest.raises(SettingsError, match="SKIN_TORCHSERVE_PORT and SKIN_RAY_PORT are both 8080"):
        UpSettings.from_env(env)


def test_all_servers_together_want_ipv4() -> None:
    with pytest.raises(SettingsError, match="SKIN_HOST must be a name or an IPv4 address"):
        UpSettings.from_env({"SKIN_HOST": "::1"})


@pytest.mark.parametrize("read", [UpSettings.from_env, RaySettings.from_env, PageSettings.from_env])
def test_an_empty_variable_is_none(read: Callable[[Mapping[str, str]], object]) -> None:
    names = ["SKIN_HOST", "SKIN_LOGS", "SKIN_MODEL_STORE", "SKIN_TS_CONFIG", "SKIN_MODEL"]
    names += ["SKIN_MODEL_CONFIG", "SKIN_TORCHSERVE_KEYS", "SKIN_RAY_KEYS", "SKIN_BACKEND"]

    assert read(dict.fromkeys((*names, *DEFAULT_PORTS), "")) == read({})


def test_the_page_looks_where_the_servers_listen() -> None:
    servers, ray = UpSettings.from_env({}), RaySettings.from_env({})

    torchserve_url, ray_url = (one.url for one in PageSettings.from_env({}).backends)

    assert torchserve_url == servers.url("SKIN_TORCHSERVE_PORT")
    assert ray_url == servers.url("SKIN_RAY_PORT") == f"http://{ray.host}:{ray.port}"


def test_the_page_looks_where_the_servers_were_told_to_listen() -> None:
    env = {"SKIN_HOST": "10.0.0.1", "SKIN_TORCHSERVE_PORT": "9080", "SKIN_RAY_PORT": "9001"}
    servers, ray = UpSettings.from_env(env), RaySettings.from_env(env)

    torchserve_url, ray_url = (one.url for one in PageSettings.from_env(env).backends)

    assert torchserve_url == servers.url("SKIN_TORCHSERVE_PORT") == "http://10.0.0.1:9080"
    assert ray_url == servers.url("SKIN_RAY_PORT") == f"http://{ray.host}:{ray.port}"


@pytest.mark.parametrize(
    ("host", "url"),
    [("::1", "http://[::1]:8080"), ("", "http://127.0.0.1:8080"), ("a.b", "http://a.b:8080")],
)
def test_the_page_takes_any_kind_of_host(host: str, url: str) -> None:
    assert PageSettings.from_env({"SKIN_HOST": host}).backends[0].url == url


def test_the_page_reads_the_keys_that_the_servers_write() -> None:
    ray = RaySettings.from_env({})

    torchserve_keys, ray_keys = (one.keys for one in PageSettings.from_env({}).backends)

    assert torchserve_keys.path == ROOT / "logs" / "torchserve" / "key_file.json"
    assert torchserve_keys.management == "http://127.0.0.1:8081"
    assert ray_keys.path == ray.key_file
    assert ray_keys.management == f"http://{ray.host}:{ray.port}"


def test_a_backend_elsewhere_is_named_by_its_url() -> None:
    env = {"SKIN_TORCHSERVE_URL": "https://a.example", "SKIN_RAY_URL": "https://b.example/skin"}

    settings = PageSettings.from_env(env)

    assert [one.url for one in settings.backends] == ["https://a.example", "https://b.example/skin"]
    # No key goes to another machine.
    assert [one.keys.management for one in settings.backends] == [
        "https://a.example:8081",
        "https://b.example/skin",
    ]


def test_a_base_url_may_end_with_a_slash() -> None:
    env = {"SKIN_TORCHSERVE_URL": "http://a.example/", "SKIN_RAY_URL": "http://b.example/skin/"}

    settings = PageSettings.from_env(env)

    assert [one.url for one in settings.backends] == ["http://a.example", "http://b.example/skin"]
    assert settings.backends[1].keys.management == "http://b.example/skin"


@pytest.mark.parametrize("name", ["SKIN_TORCHSERVE_URL", "SKIN_RAY_URL"])
@pytest.mark.parametrize(
    "given", ["localhost:8080", "http://a:x", "http://", "ftp://a", "http://" + 64 * "a"]
)
def test_what_is_no_address_is_an_error_that_names_its_variable(name: str, given: str) -> None:
    with pytest.raises(PageSettingsError, match=f"{name} must be an address as http://127"):
        PageSettings.from_env({name: given})


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
