"""The only module that imports mlflow: one run per training, on the server or in a local file."""

import http.client
import logging
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mlflow
from matplotlib.figure import Figure
from mlflow.entities import Metric, Param
from mlflow.utils.time import get_current_time_millis

log = logging.getLogger(__name__)

EXPERIMENT = "skin-lesions"
REGISTERED_MODEL = "skin_vit"
SERVER = "http://127.0.0.1:5001"
ANSWERS_WITHIN_S = 3


@dataclass(frozen=True, kw_only=True)
class Run:
    uri: str
    run_id: str

    @property
    def client(self) -> mlflow.MlflowClient:
        return mlflow.MlflowClient(self.uri)


def tracking_uri(out: Path) -> str:
    """MLflow's own MLFLOW_TRACKING_URI or our server; a file in `out` where no server answers."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", SERVER)
    if not uri.startswith("http"):
        return uri
    try:
        with urllib.request.urlopen(f"{uri}/health", timeout=ANSWERS_WITHIN_S):
            return uri
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError):
        local = f"sqlite:///{out.resolve()}/mlflow.db"
        log.warning("no MLflow server at %s (train/mlflow_server.sh): logging to %s", uri, local)
        return local


def experiment_id(uri: str, out: Path) -> str:
    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None:
        return str(experiment.experiment_id)
    # A server keeps artefacts itself; a local file keeps them beside it.
    place = None if uri.startswith("http") else (out.resolve() / "mlflow_artifacts").as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=place))


def start(uri: str, out: Path, parameters: dict[str, object], tags: dict[str, str]) -> Run:
    client = mlflow.MlflowClient(uri)
    run_id = client.create_run(experiment_id(uri, out), tags=tags).info.run_id
    client.log_batch(run_id, params=[Param(key, str(value)) for key, value in parameters.items()])
    log.info("MLflow run %s at %s", run_id, uri)
    return Run(uri=uri, run_id=run_id)


def restart(run: Run) -> None:
    run.client.set_terminated(run.run_id, "RUNNING")


def log_numbers(run: Run, numbers: dict[str, float], step: int) -> None:
    now = get_current_time_millis()
    run.client.log_batch(run.run_id, [Metric(k, v, now, step) for k, v in numbers.items()])


def finish(run: Run, checkpoint: Path | None, confusion: Figure | None, status: str) -> None:
    """`status` is MLflow's: FINISHED, KILLED or FAILED."""
    if confusion is not None:
        run.client.log_figure(run.run_id, confusion, "confusion_matrix.png")
    if checkpoint is not None:
        run.client.log_artifact(run.run_id, str(checkpoint))
    run.client.set_terminated(run.run_id, status)


def register(uri: str, out: Path, files: Path, code: list[Path], alias: str) -> str:
    """A new version of the registered model from a folder of `files`; returns its number."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(experiment_id=experiment_id(uri, out))
    logged = mlflow.pyfunc.log_model(
        name=REGISTERED_MODEL,
        loader_module="registered",
        data_path=str(files),
        code_paths=[str(path) for path in code],
        pip_requirements=[f"{name}=={version(name)}" for name in ("torch", "pillow", "numpy")],
        registered_model_name=REGISTERED_MODEL,
    )
    number = str(logged.registered_model_version)
    mlflow.MlflowClient(uri).set_registered_model_alias(REGISTERED_MODEL, alias, number)
    return number
