"""The only module of `train` that imports mlflow: what a run logs, kept until it is sent."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from uuid import uuid4

import mlflow
from matplotlib.figure import Figure
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from mlflow.utils.time import get_current_time_millis
from requests import HTTPError

from registry.address import SERVER, SQLITE, answers, local_file
from registry.loopback import bypass_proxies
from registry.versions import experiment_id
from train.delivery import Delivery, Forgotten, Refused, Unreachable, say_kept
from train.followed import followed
from train.outbox import Message, Outbox

log = logging.getLogger(__name__)

REQUEST_WITHIN_S = 5
END_WITHIN_S = 30
# A run is found again by it, should its maker be killed before it has written down the id.
TAG = "outbox"


@dataclass(frozen=True, kw_only=True)
class Run:
    """`folder` holds what is sent and what waits; its name is unique."""

    uri: str
    folder: str

    @property
    def outbox(self) -> Outbox:
        return Outbox(Path(self.folder))

    @property
    def run_id(self) -> str | None:
        """MLflow's; None until the run has reached the server."""
        return self.outbox.state().run_id


def tracking_uri(out: Path) -> str:
    """MLFLOW_TRACKING_URI whether it answers or not, else our server, else a file in `out`."""
    named = os.environ.get("MLFLOW_TRACKING_URI")
    if named or answers(SERVER):
        return absolute(named) if named else SERVER
    local = local_file(out)
    log.warning("no MLflow server at %s (train/mlflow_server.sh): logging to %s", SERVER, local)
    return local


def absolute(uri: str) -> str:
    """Workers and trials run in other folders, and mean the same file."""
    if uri.startswith(SQLITE) and uri != SQLITE:
        return f"{SQLITE}{Path(uri.removeprefix(SQLITE)).resolve()}"
    return str(Path(uri).resolve()) if uri.startswith(".") else uri


def start(
    uri: str,
    folder: Path,
    parameters: dict[str, object],
    tags: dict[str, str],
    parent: Run | None = None,
) -> Run:
    """A new run, whose messages are kept below `folder`."""
    run = Run(uri=uri, folder=str(folder.resolve() / "mlflow" / uuid4().hex))
    above = None if parent is None else parent.folder
    create = {"kind": "create", "uri": uri, "folder": run.folder, "tags": tags, "parent": above}
    put(run, create | now())
    put(run, {"kind": "params", "params": {key: str(value) for key, value in parameters.items()}})
    return run


def moved(said: dict[str, str], folder: Path) -> Run:
    """The run that was begun in `folder`, which may have been elsewhere then."""
    before = Path(said["folder"])
    kept = folder.resolve() / "mlflow" / before.name
    return Run(uri=followed(said["uri"], before, kept), folder=str(kept))


def restart(run: Run) -> None:
    put(run, {"kind": "status", "status": "RUNNING"})


def log_numbers(run: Run, numbers: dict[str, float], step: int) -> None:
    """What was logged at this step stands: a killed worker's successor may do it again."""
    past = [waiting.message for waiting in run.outbox.after(0)]
    known = {name for message in past if message.get("step") == step for name in message["metrics"]}
    values = {name: float(value) for name, value in numbers.items() if name not in known}
    if values:
        put(run, {"kind": "metrics", "metrics": values, "step": step} | now())


def log_files(run: Run, files: list[Path], folder: str = "") -> None:
    """`folder` is among the run's artefacts. The files are copied: later ones may replace them."""
    for file in files:
        kept = run.outbox.place(file.name)
        shutil.copyfile(file, kept)
        delivery_of(run).begin(run.outbox.put_file(kept, folder))


def finish(run: Run, checkpoint: Path | None, confusion: Figure | None, status: str) -> None:
    """`status` is MLflow's: FINISHED, KILLED or FAILED. Waits a little for all to be sent."""
    if confusion is not None:
        kept = run.outbox.place("confusion_matrix.png")
        confusion.savefig(kept)
        delivery_of(run).begin(run.outbox.put_file(kept, ""))
    if checkpoint is not None:
        log_files(run, [checkpoint])
    put(run, {"kind": "status", "status": status} | now())
    delivery_of(run).settle(END_WITHIN_S)
    say_kept(run.outbox, run.uri)


@contextmanager
def told_if_it_fails(run: Run) -> Iterator[None]:
    """A run that ends within is not RUNNING in MLflow for ever."""
    try:
        yield
    except BaseException:  # Ctrl-C too: MLflow is told, and the error goes on its way
        finish(run, None, None, "FAILED")
        raise


def put(run: Run, message: Message) -> None:
    delivery_of(run).begin(run.outbox.put(message))


@cache
def delivery_of(run: Run) -> Delivery:
    """One thread for a run in each process that logs to it."""
    return Delivery(run.outbox, partial(deliver, run), run.uri)


def now() -> Message:
    return {"time": get_current_time_millis()}


def deliver(run: Run, message: Message, run_id: str | None) -> str | None:
    """Sends one message, a second time without harm; returns the run's id."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(REQUEST_WITHIN_S))
    # A message that fails is sent again later.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    bypass_proxies(run.uri)
    try:
        # Also of an address that MLflow has no store for.
        client = mlflow.MlflowClient(run.uri)
        if run_id is None:
            return created(client, run, message)
        log_message(client, run, message, run_id)
    except Refused:
        raise
    except Exception as error:  # stores of artefacts raise what they like
        if run_id and is_unknown(error):
            raise Forgotten(str(error)) from error
        if run_id and refused(error):
            raise Refused(str(error)) from error
        raise Unreachable(str(root(error)) or type(error).__name__) from error
    return run_id


def is_unknown(error: Exception) -> bool:
    """Whether it is the run that the server does not have, not what belongs to it."""
    return isinstance(error, MlflowException) and error.error_code == "RESOURCE_DOES_NOT_EXIST"


def refused(error: Exception) -> bool:
    """Whether the server would say the same next time; a run must be created, so that may not."""
    if isinstance(error, HTTPError):
        return error.response is not None and error.response.status_code in (400, 413)
    return isinstance(error, MlflowException) and error.error_code == "INVALID_PARAMETER_VALUE"


def root(error: BaseException) -> BaseException:
    """What came first, `Connection refused`, where MLflow tells three libraries' whole story."""
    return error if error.__context__ is None else root(error.__context__)


def created(client: mlflow.MlflowClient, run: Run, message: Message) -> str:
    """The id of the run, which may exist: its answer may have been lost, or its maker killed."""
    experiment, tag = experiment_id(client, run.uri), Path(run.folder).name
    for found in client.search_runs([experiment], f"tags.{TAG} = '{tag}'"):
        return str(found.info.run_id)
    tags = message["tags"] | {TAG: tag}
    if message["parent"] is not None:
        parent = Outbox(Path(message["parent"]))
        above = parent.state().run_id
        if above is not None:
            tags[MLFLOW_PARENT_RUN_ID] = above
        elif parent.waiting():
            raise Unreachable("the run above it has not reached the server")
    info = client.create_run(experiment, start_time=message["time"], tags=tags).info
    log.info("MLflow run %s at %s", info.run_id, run.uri)
    return str(info.run_id)


def log_message(client: mlflow.MlflowClient, run: Run, message: Message, run_id: str) -> None:
    match message["kind"]:
        case "params":
            params = [Param(name, value) for name, value in message["params"].items()]
            client.log_batch(run_id, params=params, synchronous=True)
        case "metrics":
            when, step = message["time"], message["step"]
            metrics = [Metric(k, v, when, step) for k, v in message["metrics"].items()]
            client.log_batch(run_id, metrics, synchronous=True)
        case "file":
            file = run.outbox.folder / message["file"]
            if not file.exists():
                raise Refused(f"{file.name} was sent before, and is kept no longer")
            client.log_artifact(run_id, str(file), message["folder"] or None)
        case "status" if message["status"] == "RUNNING":
            client.update_run(run_id, "RUNNING")
        case "status":
            client.set_terminated(run_id, message["status"], message["time"])
