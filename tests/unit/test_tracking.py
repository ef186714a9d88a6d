"""A training run in MLflow: one run, on a server or, without one, in a file."""

import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import mlflow
import numpy as np
import pytest

from handlers.categories import WITHOUT_UNKNOWN
from train import tracking
from train.config import TrainConfig
from train.delivery import Unreachable
from train.outbox import Outbox
from train.plots import confusion_figure

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
)
EPOCHS = [{"loss": 1.5, "balanced_accuracy": 0.4}, {"loss": 1.2, "balanced_accuracy": 0.5}]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def healthy_port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_without_a_server_a_file_is_used_and_said(
    tmp_path: Path,
    closed_port: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(tracking, "SERVER", f"http://127.0.0.1:{closed_port}")
    monkeypatch.chdir(tmp_path)

    uri = tracking.tracking_uri(Path("store"))

    assert uri == f"sqlite:///{tmp_path}/store/mlflow.db"
    assert len(caplog.messages) == 1
    assert f"no MLflow server at http://127.0.0.1:{closed_port}" in caplog.messages[0]
    assert uri in caplog.messages[0]


@pytest.mark.parametrize(
    ("named", "used"),
    [
        ("sqlite:///mlflow.db", "sqlite:///{here}/mlflow.db"),
        ("sqlite:////tmp/mlflow.db", "sqlite:////tmp/mlflow.db"),
        ("./mlruns", "{here}/mlruns"),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:1/a"),
        ("databricks", "databricks"),
    ],
)
def test_a_file_that_was_named_is_the_same_in_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, used: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", named)
    monkeypatch.chdir(tmp_path)

    assert tracking.tracking_uri(tmp_path / "out") == used.format(here=tmp_path)


def test_an_address_that_mlflow_has_no_store_for_is_out_of_reach(tmp_path: Path) -> None:
    run = tracking.start("localhost:5001", tmp_path, {}, {})

    with pytest.raises(Unreachable):
        tracking.deliver(run, {"kind": "create", "tags": {}, "parent": None, "time": 0}, None)


def test_a_run_on_this_machine_is_sent_by_no_proxy(
    tmp_path: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    run = tracking.start(f"http://127.0.0.1:{closed_port}", tmp_path, {}, {})

    with pytest.raises(Unreachable):
        tracking.deliver(run, {"kind": "create", "tags": {}, "parent": None, "time": 0}, None)

    assert os.environ["no_proxy"] == "127.0.0.1"


def test_what_answers_but_is_no_web_server_is_no_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr(tracking, "SERVER", f"http://127.0.0.1:{listening.getsockname()[1]}")
        Thread(target=lambda: greet(listening), daemon=True).start()

        uri = tracking.tracking_uri(tmp_path)

    assert uri.startswith("sqlite:///")


def greet(listening: socket.socket) -> None:
    """Answers a request as a mail server would."""
    connection, _ = listening.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"220 mail.example.org\r\n")


def test_our_server_is_used_if_it_answers(
    tmp_path: Path,
    healthy_port: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(tracking, "SERVER", f"http://127.0.0.1:{healthy_port}")

    uri = tracking.tracking_uri(tmp_path)

    assert uri == f"http://127.0.0.1:{healthy_port}"
    assert caplog.messages == []


def test_a_server_that_was_named_is_used_whether_it_answers_or_not(
    tmp_path: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{closed_port}")

    assert tracking.tracking_uri(tmp_path) == f"http://127.0.0.1:{closed_port}"


def test_another_kind_of_store_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////elsewhere/mlflow.db")

    assert tracking.tracking_uri(tmp_path) == "sqlite:////elsewhere/mlflow.db"


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> tracking.Run:
    """One whole training run, tracked; MLflow takes seconds to make a new file."""
    out = tmp_path_factory.mktemp("out")
    (out / "best_model.pth").write_bytes(b"weights")
    config = TrainConfig.resolved({"seed": 7})
    parameters: dict[str, object] = {**config.as_dict(), "split_sha256": "abc"}
    counts = np.eye(len(WITHOUT_UNKNOWN), dtype=int)
    logging.getLogger("alembic").setLevel(logging.WARNING)

    run = tracking.start(
        f"sqlite:///{out}/mlflow.db", out, parameters, {"mlflow.source.git.commit": "c0ffee"}
    )
    (out / "metrics.json").write_text("{}")
    for epoch, numbers in enumerate(EPOCHS):
        tracking.log_numbers(run, numbers, epoch)
    tracking.log_files(run, [out / "metrics.json"], "evaluation")
    figure = confusion_figure(counts, WITHOUT_UNKNOWN)
    tracking.finish(run, out / "best_model.pth", figure, "FINISHED")
    return run


@pytest.fixture
def seen(tracked: tracking.Run) -> mlflow.entities.Run:
    return mlflow.MlflowClient(tracked.uri).get_run(id_of(tracked))


def id_of(run: tracking.Run) -> str:
    assert run.run_id is not None
    return run.run_id


def test_there_is_one_finished_run(tracked: tracking.Run) -> None:
    client = mlflow.MlflowClient(tracked.uri)
    experiment = client.get_experiment_by_name("skin-lesions")

    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert [run.info.run_id for run in runs] == [tracked.run_id]
    assert [run.info.status for run in runs] == ["FINISHED"]


def test_every_setting_is_a_parameter(seen: mlflow.entities.Run) -> None:
    config = TrainConfig.resolved({"seed": 7}).as_dict()

    expected = {name: str(value) for name, value in config.items()}
    assert seen.data.params == expected | {"split_sha256": "abc"}
    assert seen.data.tags["mlflow.source.git.commit"] == "c0ffee"


@pytest.mark.parametrize("name", ["loss", "balanced_accuracy"])
def test_every_epoch_has_its_numbers(tracked: tracking.Run, name: str) -> None:
    history = mlflow.MlflowClient(tracked.uri).get_metric_history(id_of(tracked), name)

    values = [(metric.step, metric.value) for metric in history]
    assert values == [(epoch, numbers[name]) for epoch, numbers in enumerate(EPOCHS)]


def test_an_epoch_that_is_done_again_after_a_crash_is_logged_once(tracked: tracking.Run) -> None:
    tracking.log_numbers(tracked, {"loss": 1.5, "learning_rate": 0.1}, 0)
    wait_until_sent(tracked.outbox)

    client = mlflow.MlflowClient(tracked.uri)
    steps = {
        name: [metric.step for metric in client.get_metric_history(id_of(tracked), name)]
        for name in ("loss", "learning_rate")
    }
    assert steps == {"loss": [0, 1], "learning_rate": [0]}


def test_the_figure_and_the_checkpoint_are_artefacts(tracked: tracking.Run, tmp_path: Path) -> None:
    client = mlflow.MlflowClient(tracked.uri)

    names = {artefact.path for artefact in client.list_artifacts(id_of(tracked))}

    assert names == {"confusion_matrix.png", "best_model.pth", "evaluation"}
    fetched = client.download_artifacts(id_of(tracked), "best_model.pth", str(tmp_path))
    assert Path(fetched).read_bytes() == b"weights"


def test_a_restarted_run_runs_and_can_fail(tracked: tracking.Run) -> None:
    client = mlflow.MlflowClient(tracked.uri)

    tracking.restart(tracked)
    wait_until_sent(tracked.outbox)
    restarted = client.get_run(id_of(tracked)).info.status
    tracking.finish(tracked, None, None, "FAILED")
    finished = client.get_run(id_of(tracked)).info.status

    assert (restarted, finished) == ("RUNNING", "FAILED")


def test_an_error_is_told_and_goes_on_its_way(tracked: tracking.Run) -> None:
    tracking.restart(tracked)

    with pytest.raises(ZeroDivisionError), tracking.told_if_it_fails(tracked):
        1 / 0  # noqa: B018

    status = mlflow.MlflowClient(tracked.uri).get_run(id_of(tracked)).info.status
    assert status == "FAILED"


def wait_until_sent(outbox: Outbox) -> None:
    deadline = time.monotonic() + 60
    while outbox.waiting():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_mlflow_refuses_holds_up_nothing_that_follows(
    tracked: tracking.Run, caplog: pytest.LogCaptureFixture
) -> None:
    tracking.log_numbers(tracked, {"a name; that is none": 1.0}, 0)
    tracking.log_numbers(tracked, {"after": 1.0}, 0)
    wait_until_sent(tracked.outbox)

    assert "MLflow refused a message" in caplog.text
    run = mlflow.MlflowClient(tracked.uri).get_run(id_of(tracked))
    assert run.data.metrics["after"] == 1.0


def test_a_run_is_found_again_from_what_json_keeps_of_it(tracked: tracking.Run) -> None:
    saved = json.loads(json.dumps(vars(tracked)))

    assert tracking.Run(**saved) == tracked
