"""Two starts of all servers do not write to one folder."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from up import __main__ as up
from up.logs import reserved
from up.processes import Running, StartError
from up.settings import DEFAULT_PORTS, ROOT, Settings

HOLDS = """
import subprocess, sys
from pathlib import Path
from up.logs import reserved

with reserved(Path(sys.argv[1])):
    left = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
    print(left.pid, flush=True)
    sys.stdin.read()
"""


def test_a_second_start_in_the_same_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("check_ports", "servers"):
        monkeypatch.setattr(up, name, lambda _: [])
    monkeypatch.setattr(Running, "ended", lambda _: pytest.fail("has started"))
    settings = Settings(host="127.0.0.1", ports=DEFAULT_PORTS, logs=tmp_path / "logs")

    with reserved(tmp_path / "logs"):
        with pytest.raises(StartError, match=f"write to {tmp_path}/logs: .* set SKIN_LOGS"):
            up.up(settings)

        with reserved(tmp_path / "others"):
            pass

    with reserved(tmp_path / "logs"):
        pass


def test_what_a_killed_start_leaves_keeps_no_other_from_starting(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        left = int(first.stdout.readline())
        with pytest.raises(StartError), reserved(tmp_path):
            pass
        first.kill()
        first.wait()

    try:
        with reserved(tmp_path):
            os.kill(left, 0)
    finally:
        os.kill(left, 9)


def test_logs_that_can_not_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(StartError, match=r"Nothing can be written to .*/file \(.* set SKIN_LOGS"),
        reserved(tmp_path / "file"),
    ):
        pass


def test_where_the_file_system_has_no_locks_it_starts_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)

    with reserved(tmp_path):
        assert f"{tmp_path} can't be reserved" in caplog.text
