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
    """Starts `python -m train.run` with these flags, for a tracking server at this address."""

    def start(*flags: str, tracking_uri: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "train.run", *flags],
            cwd=tmp_path,
            env=os.environ | {"MLFLOW_TRACKING_URI": tracking_uri},
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
