"""The script that starts TorchServe, with a torchserve that only tells how it was called."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mar_config.build import ROOT
from up.settings import DEFAULT_PORTS

SCRIPT = ROOT / "mar_config" / "start_torchserve.sh"
PORTS = [name for name in DEFAULT_PORTS if name.startswith("SKIN_TORCHSERVE")]
TELLS = '#!/bin/sh\nprintf "%s\\n" "$PWD" "$LOG_LOCATION" "$@"\n'
WAITING = "GOMP_SPINCOUNT"
TELLS_ENVIRONMENT = "#!/bin/sh\nenv\n"
JAVA = "#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Of a script that finds an environment, a store and logs below `tmp_path`."""
    (tmp_path / "my store").mkdir()
    (tmp_path / "my store" / "skin_vit.mar").touch()
    for folder, programs in {"my env": {"torchserve": TELLS}, "bin": {"java": JAVA}}.items():
        (tmp_path / folder).mkdir()
        for name, text in programs.items():
            (tmp_path / folder / name).write_text(text)
            (tmp_path / folder / name).chmod(0o755)
    (tmp_path / "my env" / "python").symlink_to(sys.executable)
    found = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "SKIN_PYTHON": "my env/python",
        "SKIN_MODEL_STORE": "my store",
        "SKIN_LOGS": "my logs",
    }
    found.pop("JAVA_HOME", None)
    return found


def test_relative_places_are_those_of_whoever_starts_it(
    tmp_path: Path, env: dict[str, str]
) -> None:
    told = subprocess.run(
        [str(SCRIPT)], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
    ).stdout.splitlines()

    logs = str(tmp_path / "my logs" / "torchserve")
    assert told[:2] == [logs, logs]
    assert told[told.index("--model-store") + 1] == str(tmp_path / "my store")


def environment_of_server(folder: Path, env: dict[str, str]) -> dict[str, str]:
    (folder / "my env" / "torchserve").write_text(TELLS_ENVIRONMENT)
    told = subprocess.run(
        [str(SCRIPT)], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout
    return dict(line.partition("=")[::2] for line in told.splitlines())


def listening(environment: dict[str, str]) -> list[str]:
    """Where TorchServe listens: HTTP's three addresses and gRPC's two, in DEFAULT_PORTS' order."""
    http = [environment[f"TS_{name}_ADDRESS"] for name in ("INFERENCE", "MANAGEMENT", "METRICS")]
    grpc = [
        f"{environment[f'TS_GRPC_{name}_ADDRESS']}:{environment[f'TS_GRPC_{name}_PORT']}"
        for name in ("INFERENCE", "MANAGEMENT")
    ]
    return http + grpc


def test_it_listens_where_all_servers_do_by_default(tmp_path: Path, env: dict[str, str]) -> None:
    plain = {name: value for name, value in env.items() if name not in {"SKIN_HOST", *PORTS}}

    found = listening(environment_of_server(tmp_path, plain))

    ports = [DEFAULT_PORTS[name] for name in PORTS]
    http, grpc = ports[:3], ports[3:]
    assert found[:3] == [f"http://127.0.0.1:{port}" for port in http]
    assert found[3:] == [f"127.0.0.1:{port}" for port in grpc]


def test_it_listens_where_it_is_told_to(tmp_path: Path, env: dict[str, str]) -> None:
    asked = {"SKIN_HOST": "10.0.0.1", **{name: f"900{k}" for k, name in enumerate(PORTS)}}

    found = listening(environment_of_server(tmp_path, env | asked))

    http = [f"http://10.0.0.1:900{k}" for k in range(3)]
    assert found == [*http, "10.0.0.1:9003", "10.0.0.1:9004"]


def test_no_module_of_ours_comes_before_the_archives(tmp_path: Path, env: dict[str, str]) -> None:
    found = environment_of_server(tmp_path, env | {"PYTHONPATH": str(ROOT)})

    assert "PYTHONPATH" not in found


@pytest.mark.parametrize(("given", "spins"), [({}, "10000"), ({WAITING: "7"}, "7")])
def test_threads_that_wait_soon_leave_their_core(
    tmp_path: Path, env: dict[str, str], given: dict[str, str], spins: str
) -> None:
    env.pop(WAITING, None)

    assert environment_of_server(tmp_path, env | given)[WAITING] == spins


@pytest.mark.usefixtures("unignored")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_ends_it_ends_its_server(
    tmp_path: Path, env: dict[str, str], number: signal.Signals
) -> None:
    (tmp_path / "my env" / "torchserve").write_text("#!/bin/sh\necho $$\nexec sleep 60\n")

    with subprocess.Popen(
        [str(SCRIPT)], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
    ) as script:
        assert script.stdout is not None
        server = psutil.Process(int(script.stdout.readline()))
        script.send_signal(number)

    assert script.returncode == 128 + number
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
