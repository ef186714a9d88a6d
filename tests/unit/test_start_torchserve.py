"""The script that starts TorchServe, with a torchserve that only tells how it was called."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mar_config.build import ROOT

SCRIPT = ROOT / "mar_config" / "start_torchserve.sh"
TELLS = '#!/bin/sh\nprintf "%s\\n" "$PWD" "$LOG_LOCATION" "$@"\n'
WAITING = "OMP_WAIT_POLICY"
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


@pytest.mark.parametrize(("given", "policy"), [({}, "PASSIVE"), ({WAITING: "ACTIVE"}, "ACTIVE")])
def test_threads_that_wait_take_no_core_unless_told_to(
    tmp_path: Path, env: dict[str, str], given: dict[str, str], policy: str
) -> None:
    (tmp_path / "my env" / "torchserve").write_text(f"#!/bin/sh\necho ${WAITING}\n")
    env.pop(WAITING, None)

    told = subprocess.run(
        [str(SCRIPT)], cwd=tmp_path, env=env | given, check=True, capture_output=True, text=True
    )

    assert told.stdout == f"{policy}\n"


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
