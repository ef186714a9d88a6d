"""The command itself, in a process and folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.training.server import Server

Start = Callable[..., "subprocess.Popen[str]"]
# Long enough for a worker to be killed in the second, with many steps before and after.
THREE_EPOCHS = ("--epochs", "3", "--batch-size", "8")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("mlflow"))
    yield server
    server.kill()


@pytest.fixture
def uri(server: Server) -> str:
    """Of a tracking server that answers."""
    server.start()
    return server.url


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts `python -m train.run` with these flags, for a named tracking server or none."""

    def start(*flags: str, tracking_uri: str | None) -> "subprocess.Popen[str]":
        return started(tmp_path, *flags, tracking_uri=tracking_uri)

    return start


def started(folder: Path, *flags: str, tracking_uri: str | None) -> "subprocess.Popen[str]":
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    if tracking_uri is not None:
        environment["MLFLOW_TRACKING_URI"] = tracking_uri
    return subprocess.Popen(
        [sys.executable, "-m", "train.run", *flags],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: "subprocess.Popen[str]") -> str:
    """What it told the person in front of it."""
    # Beside servers at work it has the lowest priority.
    _, told = process.communicate(timeout=900)
    assert process.returncode == 0, told
    return told


@pytest.fixture(scope="session")
def unbroken(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run of THREE_EPOCHS that nothing disturbed, and what it told."""
    server.start()
    folder = tmp_path_factory.mktemp("unbroken")
    return folder, finished(started(folder, *THREE_EPOCHS, tracking_uri=server.url))
