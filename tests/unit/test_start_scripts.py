"""What both scripts that start a server make of the place they are to start it in."""

import shutil
import subprocess
from pathlib import Path

import pytest

from mar_config.build import ROOT
from up.settings import DEFAULT_PORTS

MLFLOW = "train/mlflow_server.sh"
SCRIPTS = ["mar_config/start_torchserve.sh", MLFLOW]
TELLS = '#!/bin/sh\nprintf "%s\\n" "$@"\n'


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """With a Python that only tells how it was called, and hardly anything else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname", "mkdir", "realpath", "tr"):
        (folder / name).symlink_to(str(shutil.which(name)))
    (folder / "python").write_text(TELLS)
    (folder / "python").chmod(0o755)
    return folder


def ended(script: Path, programs: Path, more: dict[str, str]) -> subprocess.CompletedProcess[str]:
    places = ("SKIN_MLFLOW_DATA", "SKIN_MODEL_STORE", "SKIN_LOGS")
    env = {"PATH": str(programs), **{name: str(programs.parent / name) for name in places}}
    return subprocess.run(["bash", script], env=env | more, capture_output=True, text=True)


def without_environment(script: str, folder: Path) -> Path:
    copy = folder / script
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / script, copy)
    return copy


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_python_that_is_named_and_not_there_is_told(programs: Path, script: str) -> None:
    outcome = ended(ROOT / script, programs, {"SKIN_PYTHON": "/no/such/python"})

    assert outcome.returncode == 2
    assert outcome.stderr.startswith("There is no /no/such/python: set SKIN_PYTHON to the Python")


@pytest.mark.parametrize("script", SCRIPTS)
def test_where_there_is_no_python_at_all_it_is_told(
    tmp_path: Path, programs: Path, script: str
) -> None:
    (programs / "python").unlink()

    outcome = ended(without_environment(script, tmp_path), programs, {})

    assert outcome.returncode == 2
    assert f"There is no {tmp_path}/.venv/bin/python: set SKIN_PYTHON" in outcome.stderr


@pytest.mark.parametrize("given", [{}, {"SKIN_PYTHON": ""}])
def test_without_an_environment_the_python_on_the_path_is_taken(
    tmp_path: Path, programs: Path, given: dict[str, str]
) -> None:
    outcome = ended(without_environment(MLFLOW, tmp_path), programs, given)

    assert outcome.stdout.splitlines()[:3] == ["-m", "mlflow", "server"]


@pytest.mark.parametrize(
    ("given", "host", "port"),
    [
        ({}, "127.0.0.1", str(DEFAULT_PORTS["SKIN_MLFLOW_PORT"])),
        ({"SKIN_HOST": "10.0.0.1", "SKIN_MLFLOW_PORT": "9005"}, "10.0.0.1", "9005"),
    ],
)
def test_mlflow_listens_where_it_is_told_to(
    programs: Path, given: dict[str, str], host: str, port: str
) -> None:
    python = {"SKIN_PYTHON": str(programs / "python")}

    told = ended(ROOT / MLFLOW, programs, python | given).stdout.splitlines()

    assert told[told.index("--host") + 1] == host
    assert told[told.index("--port") + 1] == port
