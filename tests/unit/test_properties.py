"""TorchServe's config.properties is read as Java reads it, and what can't work is told."""

import random
from pathlib import Path

import pytest

from serve.dialect import property_file
from serve.dialect.properties import Address, ModelToLoad, PropertiesError, ServerConfig

ROOT = Path(__file__).parents[2]


def values(text: str) -> dict[str, str]:
    return {key: found.value for key, found in property_file.parse(text).items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1\nb:2\nc 3\nd\t=\t4", {"a": "1", "b": "2", "c": "3", "d": "4"}),
        ("# no\n! no\n  \n\ta = 1", {"a": "1"}),
        ("a = b = c", {"a": "b = c"}),
        ("a = = b", {"a": "= b"}),
        ("a  b  ", {"a": "b  "}),
        ("a", {"a": ""}),
        ("=1", {"": "1"}),
        ("a=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a=one, \\\n    two\nb=3", {"a": "one, two", "b": "3"}),
        ("a=one\\\\\nb=2", {"a": "one\\", "b": "2"}),
        ("a=one\\\n# two", {"a": "one# two"}),
        ("# no \\\na=1", {"a": "1"}),
        ("a=1\\\n\nb=2", {"a": "1", "b": "2"}),
        ("a=1\\", {"a": "1"}),
        ("a\\ b\\=c\\:d=1", {"a b=c:d": "1"}),
        ("a=\\t\\n\\r\\f\\q\\u00e9", {"a": "\t\n\r\fqé"}),
        ("a=\\ud83d\\ude00", {"a": "😀"}),
        ("a=1\na=2", {"a": "2"}),
        ("a=1\x85b\u2028c", {"a": "1\x85b\u2028c"}),
    ],
)
def test_a_file_is_read_as_java_reads_it(text: str, expected: dict[str, str]) -> None:
    assert values(text) == expected


def test_what_is_written_is_read_again() -> None:
    dice = random.Random(1)
    letters = "ab =:#!\\\t\n\r\f\"'é€😀\x00\x7f\ud800"
    for _ in range(500):
        pairs = {
            "".join(dice.choices(letters, k=dice.randint(1, 8))): "".join(
                dice.choices(letters[:-1], k=dice.randint(0, 12))
            )
            for _ in range(3)
        }

        text = property_file.written(pairs)

        assert text.isascii()
        assert values(text) == {
            key.encode("utf-16", "surrogatepass").decode("utf-16", "replace"): value
            for key, value in pairs.items()
        }


def test_a_broken_escape_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "config.properties"
    file.write_text("a=1\nb=\\\n\\u12g4")

    with pytest.raises(PropertiesError, match=r"config\.properties, line 2: \\u must be"):
        property_file.read(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PropertiesError, match=r"no\.properties can't be read: No such file"):
        ServerConfig.read(tmp_path / "no.properties", {})


def configured(tmp_path: Path, text: str, **env: str) -> ServerConfig:
    file = tmp_path / "config.properties"
    file.write_text(text)
    return ServerConfig.read(file, env)


def test_without_a_file_defaults_hold() -> None:
    config = ServerConfig.read(None, {"TS_JOB_QUEUE_SIZE": "3"})

    assert config == ServerConfig()
    assert config.inference_address == Address(host="127.0.0.1", port=8080)
    assert config.allowed_urls == ()
    assert not config.model_api_enabled
    assert not config.disable_token_authorization


def test_this_projects_own_file_is_read() -> None:
    config = ServerConfig.read(ROOT / "mar_config" / "config.properties", {})

    assert config.load_models == (ModelToLoad(url="skin_vit.mar"),)
    assert config.ignored == ("metrics_mode", "vmargs")


def test_all_that_is_honoured(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        """
        inference_address=https://0.0.0.0:8443
        management_address=http://[::1]:9081
        metrics_address=HTTP://localhost:9082
        grpc_inference_address=[::1]
        grpc_inference_port=9070
        grpc_management_address=::1
        grpc_management_port=9071
        enable_grpc_ssl=true
        private_key_file=key.pem
        certificate_file=cert.pem
        model_store=/models
        load_models=a.mar, b=c.mar
        models={"a": {}}
        model_snapshot={"models": {}}
        allowed_urls=https://a\\\\.org/.*,file://.*
        enable_model_api=TRUE
        disable_token_authorization=true
        token_expiration_min=0.5
        default_workers_per_model=0
        job_queue_size=7
        default_response_timeout=8
        default_startup_timeout=9
        max_request_size=10
        max_response_size=11
        service_envelope=kservev2
        limit_max_image_pixels=false
        response_cache_size=12
        strict_ping=false
        enable_metrics_api=false
        blacklist_env_vars=AWS_.*|TOKEN
        """,
    )

    assert config == ServerConfig(
        inference_address=Address(host="0.0.0.0", port=8443, secure=True),
        management_address=Address(host="::1", port=9081),
        metrics_address=Address(host="localhost", port=9082),
        grpc_inference_address="::1",
        grpc_inference_port=9070,
        grpc_management_address="::1",
        grpc_management_port=9071,
        enable_grpc_ssl=True,
        private_key_file=Path("key.pem"),
        certificate_file=Path("cert.pem"),
        model_store=Path("/models"),
        load_models=(ModelToLoad(url="a.mar"), ModelToLoad(url="c.mar", name="b")),
        models='{"a": {}}',
        model_snapshot='{"models": {}}',
        allowed_urls=("https://a\\.org/.*", "file://.*"),
        model_api_enabled=True,
        disable_token_authorization=True,
        token_expiration_min=0.5,
        default_workers_per_model=0,
        job_queue_size=7,
        default_response_timeout=8,
        default_startup_timeout=9,
        max_request_size=10,
        max_response_size=11,
        service_envelope="kservev2",
        limit_max_image_pixels=False,
        response_cache_size=12,
        strict_ping=False,
        enable_metrics_api=False,
        blacklist_env_vars="AWS_.*|TOKEN",
    )


def test_an_address_without_a_port_gets_torchserves(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        "inference_address=http://h\nmanagement_address=https://h\nmetrics_address=https://h",
    )

    assert config.inference_address == Address(host="h", port=80)
    assert config.management_address == Address(host="h", port=8444, secure=True)
    assert config.metrics_address == Address(host="h", port=8445, secure=True)


@pytest.mark.parametrize(
    ("said", "all_of_them"), [("all", True), ("ALL", True), ("all.mar", False), ("", False)]
)
def test_all_models_may_be_asked_for(said: str, all_of_them: bool, tmp_path: Path) -> None:
    assert configured(tmp_path, f"load_models={said}").load_all_models == all_of_them


def test_what_changes_nothing_is_listed(tmp_path: Path) -> None:
    config = configured(
        tmp_path, "number_of_gpu=1\nstrict_ping=true\nprefer_direct_buffer=true\njob_queue=3"
    )

    assert config == ServerConfig(ignored=("number_of_gpu", "prefer_direct_buffer", "job_queue"))


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("job_queue_size=many", "a whole number from 1 to 2147483647"),
        ("job_queue_size=0", "a whole number from 1 to"),
        ("job_queue_size=", "a whole number from 1 to"),
        ("job_queue_size=1_000", "a whole number from 1 to"),
        ("job_queue_size=1e3", "a whole number from 1 to"),
        ("job_queue_size=٣", "a whole number from 1 to"),
        ("max_request_size=99999999999", "to 2147483647"),
        ("default_workers_per_model=-1", "a whole number from 0"),
        ("grpc_inference_port=70000", "a whole number from 1 to 65535"),
        ("token_expiration_min=0", "a number of minutes above 0"),
        ("token_expiration_min=nan", "a number of minutes above 0"),
        ("enable_model_api=yes", "true or false"),
        ("strict_ping=", "true or false"),
        ("inference_address=unix:/tmp/ts.sock", "Unix sockets aren't served"),
        ("inference_address=127.0.0.1:8080", "http://host:port"),
        ("inference_address=http://h:0", "from 1 to 65535"),
        ("inference_address=http://h:8080/path", "http://host:port"),
        ("grpc_inference_address=http://h", "without http://"),
        ("grpc_inference_address=[::1", "without http://"),
        ("service_envelope=v3", "one of body, json, kserve, kservev2"),
        ("allowed_urls=http://(", "regular expressions"),
        ("blacklist_env_vars=(", "a regular expression"),
        ("load_models==a.mar", "archives with commas between"),
        ("load_models=a=", "archives with commas between"),
    ],
)
def test_a_value_that_can_not_be_is_told_with_its_place(
    line: str, allowed: str, tmp_path: Path
) -> None:
    key = line.split("=")[0]
    file = tmp_path / "config.properties"
    file.write_text(f"# first\n{line}\n")

    with pytest.raises(PropertiesError) as caught:
        ServerConfig.read(file, {})

    assert str(caught.value).startswith(f"{file}, line 2: {key} must be ")
    assert allowed in str(caught.value)


def test_a_keystore_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(PropertiesError, match=r"line 1: keystore is not supported: use private_"):
        configured(tmp_path, "keystore=keystore.p12")


def test_the_environment_counts_only_where_the_file_allows_it(tmp_path: Path) -> None:
    without = configured(tmp_path, "job_queue_size=1", TS_JOB_QUEUE_SIZE="2")
    over = configured(
        tmp_path,
        "enable_envvars_config=true\njob_queue_size=1",
        TS_JOB_QUEUE_SIZE="2",
        TS_ENABLE_MODEL_API="true",
        TS_TOKEN_EXPIRATION_TIME_MIN="5",
    )

    assert without == ServerConfig(job_queue_size=1)
    assert over == ServerConfig(job_queue_size=2, model_api_enabled=True, token_expiration_min=5)


def test_a_bad_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(PropertiesError, match="The variable TS_JOB_QUEUE_SIZE must be a whole"):
        configured(tmp_path, "enable_envvars_config=true", TS_JOB_QUEUE_SIZE="two")


def test_urls_are_allowed_by_the_environment_only_with_a_switch_of_their_own(
    tmp_path: Path,
) -> None:
    file = "enable_envvars_config=true\n"

    without = configured(tmp_path, file, TS_ALLOWED_URLS=".*")
    switched = configured(tmp_path, file + "use_env_allowed_urls=true", TS_ALLOWED_URLS=".*")

    assert without.allowed_urls == ()
    assert switched.allowed_urls == (".*",)


def test_a_value_may_name_variables(tmp_path: Path) -> None:
    config = configured(
        tmp_path, "model_store=/home/$$USER_NAME$$/$$STORE$$", USER_NAME="me", STORE="s"
    )

    assert config.model_store == Path("/home/me/s")
    with pytest.raises(PropertiesError, match="line 1: model_store names the variable NO_SUCH"):
        configured(tmp_path, "model_store=$$NO_SUCH$$")


def test_the_environment_may_name_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other.properties"
    other.write_text("job_queue_size=5")

    config = configured(tmp_path, "job_queue_size=4", TS_CONFIG_FILE=str(other))

    assert config.job_queue_size == 5
