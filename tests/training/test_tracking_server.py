"""Runs that log to a real MLflow server, which is down, killed, or silent."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest

from tests.training.server import Server, wait_for
from train import send, tracking

pytestmark = pytest.mark.long

CRASH = """
import os, sys, threading, time
from pathlib import Path
from train import tracking
from train.outbox import Outbox

def crash(*_):
    all_is_put.wait()
    os._exit(9)

all_is_put = threading.Event()
Outbox.mark = crash
run = tracking.start(sys.argv[1], Path(sys.argv[2]), {"seed": 7}, {"mlflow.runName": "crash"})
tracking.log_numbers(run, {"loss": 0.5, "no_number": float("nan")}, 0)
all_is_put.set()
time.sleep(120)
"""


def begin(uri: str, folder: Path, parent: tracking.Run | None = None) -> tracking.Run:
    parameters: dict[str, object] = {"seed": 7}
    return tracking.start(uri, folder, parameters, {"mlflow.runName": folder.name}, parent)


def test_a_run_that_found_no_server_arrives_whole_and_once_when_there_is_one(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    server.kill()
    model = tmp_path / "best_model.pth"
    model.write_bytes(b"first")
    run = begin(server.url, tmp_path / "down")
    trial = begin(server.url, tmp_path / "down_trial", run)

    for epoch in range(3):
        tracking.log_numbers(run, {"loss": 1.0 / (epoch + 1)}, epoch)
    tracking.finish(run, model, None, "FINISHED")
    tracking.finish(trial, None, None, "KILLED")
    model.write_bytes(b"second")
    told = caplog.text
    server.start()
    sent = send.main([str(tmp_path)])

    assert told.count(f"MLflow at {server.url} can't be reached") == 2
    assert f"7 messages for MLflow at {server.url} are kept in {run.folder}" in told
    assert f"python -m train.send {run.folder}" in told
    assert "Connection refused" in told
    assert sent == 0
    (arrived,) = server.runs("down")
    assert arrived.info.status == "FINISHED"
    assert arrived.data.params == {"seed": "7"}
    assert server.losses(arrived) == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    client = mlflow.MlflowClient(server.url)
    fetched = client.download_artifacts(arrived.info.run_id, "best_model.pth", str(tmp_path))
    assert Path(fetched).read_bytes() == b"first"
    (child,) = server.runs("down_trial")
    assert child.data.tags["mlflow.parentRunId"] == arrived.info.run_id
    assert child.info.status == "KILLED"


def test_a_sender_that_is_killed_before_it_has_marked_what_it_sent_doubles_nothing(
    server: Server, tmp_path: Path
) -> None:
    server.start()

    crashed = subprocess.run(
        [sys.executable, "-c", CRASH, server.url, str(tmp_path)], check=False, timeout=300
    )
    (created,) = server.runs("crash")
    kept = send.send_pending(tmp_path)
    (marks,) = tmp_path.rglob("sent.json")
    # Now as if nothing of what was sent had been marked.
    marks.unlink()
    kept_again = send.send_pending(tmp_path)

    assert (crashed.returncode, created.data.params) == (9, {})
    assert (kept, kept_again) == (0, 0)
    (arrived,) = server.runs("crash")
    assert arrived.info.run_id == created.info.run_id
    assert server.losses(arrived) == [(0, 0.5)]
    history = mlflow.MlflowClient(server.url).get_metric_history(created.info.run_id, "no_number")
    assert len(history) == 1


def test_a_server_that_is_killed_and_comes_back_misses_nothing_of_a_run(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    server.start()
    run = begin(server.url, tmp_path / "killed")
    tracking.log_numbers(run, {"loss": 1.0}, 0)
    wait_for(lambda: not run.outbox.waiting())

    server.kill()
    tracking.log_numbers(run, {"loss": 0.5}, 1)
    wait_for(lambda: "can't be reached" in caplog.text)
    tracking.log_numbers(run, {"loss": 0.25}, 2)
    server.start()
    back = f"is back: what was kept in {run.outbox.folder} is being sent"
    wait_for(lambda: back in caplog.text)
    tracking.finish(run, None, None, "FINISHED")

    (arrived,) = server.runs("killed")
    assert run.outbox.waiting() == []
    assert server.losses(arrived) == [(0, 1.0), (1, 0.5), (2, 0.25)]
    assert arrived.info.status == "FINISHED"
    assert caplog.text.count("can't be reached") == 1
    assert caplog.text.count(back) == 1


def test_a_server_that_never_answers_delays_no_step_and_the_end_by_its_bound(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "END_WITHIN_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        run = begin(f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path / "silent")
        longest = 0.0
        for epoch in range(50):
            began = time.monotonic()
            tracking.log_numbers(run, {"loss": 1.0}, epoch)
            longest = max(longest, time.monotonic() - began)
        began = time.monotonic()
        tracking.finish(run, None, None, "FINISHED")
        waited = time.monotonic() - began

    assert longest < tracking.REQUEST_WITHIN_S / 2
    assert waited < tracking.REQUEST_WITHIN_S
    assert "53 messages" in caplog.text
