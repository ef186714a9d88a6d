"""`python -m train.send` says what is wrong, and asks a server that is down no more than once; runs
and studies send what is left of others as they begin."""

import logging
import time
from pathlib import Path
from types import ModuleType

import mlflow
import pytest

from tests.conftest import free_ports
from train import run, send, tune
from train.config import ConfigError
from train.outbox import Message, Outbox, State


def test_a_folder_that_is_not_there_is_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = send.main([str(tmp_path / "nowhere")])

    assert code == 2
    assert caplog.messages == [
        f"There is no folder {tmp_path}/nowhere: name the one that runs were written to."
    ]


def test_what_is_kept_of_every_run_is_counted_while_the_server_is_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"http://127.0.0.1:{free_ports(1)[0]}"
    for name in ("one", "two"):
        create: Message = {"kind": "create", "uri": uri, "tags": {}, "parent": None}
        Outbox(tmp_path / name).put(create | {"time": time.time_ns() // 1_000_000})
        Outbox(tmp_path / name).put({"kind": "params", "params": {}})

    kept = send.send_pending(tmp_path)

    assert kept == 4
    assert [f"2 messages for MLflow at {uri}" in line for line in caplog.messages] == [True, True]
    tried = [Outbox(tmp_path / name).state().failure is not None for name in ("one", "two")]
    assert tried == [True, False]


def test_a_run_that_the_server_does_not_know_any_more_is_told_it_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    gone, other = Outbox(tmp_path / "gone"), Outbox(tmp_path / "other")
    for moment, outbox in enumerate((gone, other)):
        end = outbox.put({"kind": "create", "uri": uri, "tags": {}, "parent": None, "time": moment})
        outbox.put({"kind": "params", "params": {"lr": "1"}})
        if outbox is gone:
            end = outbox.put({"kind": "file", "file": "files/1/sent.csv", "folder": ""})
            outbox.put({"kind": "metrics", "metrics": {"loss": 0.5}, "step": 1, "time": 1})
            outbox.mark(State(sent=end, run_id="0123456789abcdef0123456789abcdef"))

    kept = send.send_pending(tmp_path)

    assert kept == 0
    assert other.waiting() == gone.waiting() == []
    assert "Run with id=0123456789abcdef0123456789abcdef not found" in caplog.text
    assert "sent.csv was sent before, and is kept no longer" in caplog.text
    run_id = gone.state().run_id
    assert run_id is not None
    data = mlflow.MlflowClient(uri).get_run(run_id).data
    assert (data.params, data.metrics) == ({"lr": "1"}, {"loss": 0.5})


def test_what_is_not_the_beginning_of_a_run_is_named_and_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Outbox(tmp_path / "half").put({"kind": "status", "status": "RUNNING"})

    assert send.send_pending(tmp_path) == 0
    assert f"{tmp_path}/half/messages.jsonl is not the beginning of a run" in caplog.text


@pytest.mark.parametrize("begun", [run, tune])
def test_what_begins_sends_what_others_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: ModuleType, drawings: Path
) -> None:
    left = Outbox(tmp_path / "runs" / "left")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    left.put({"kind": "create", "uri": uri, "tags": {}, "parent": None, "time": 1})

    def no_ray(address: str | None) -> None:
        assert address is None
        raise ConfigError("none starts here")

    monkeypatch.setattr(begun, "connect", no_ray)
    words = {"--data": drawings, "--model": "test_vit", "--init": "none", "--out": tmp_path}
    flags = [str(word) for pair in words.items() for word in pair]
    monkeypatch.setattr("sys.argv", ["train", *flags])

    assert begun.main() == 2
    assert left.waiting() == []
