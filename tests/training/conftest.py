"""The command itself, in a process and folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts `python -m train.run` with these flags, for a named tracking server or none."""

    def start(*flags: str, tracking_uri: str | None) -> subprocess.Popen[str]:
        environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
        if tracking_uri is not None:
            environment["MLFLOW_TRACKING_URI"] = tracking_uri
        return subprocess.Popen(
            [sys.executable, "-m", "train.run", *flags],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
