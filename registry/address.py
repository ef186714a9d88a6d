"""Where MLflow is: MLFLOW_TRACKING_URI, our own server, or a SQLite file in model_store."""

import http.client
import logging
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from registry.loopback import bypass_proxies
from registry.moved import readdress

log = logging.getLogger(__name__)

STORE = Path(__file__).parents[1] / "model_store"
SERVER = "http://127.0.0.1:5001"
SQLITE = "sqlite:///"
ANSWERS_WITHIN_S = 3


class RegistryError(Exception):
    """What the registry has not got or can't do; the text says what to do."""


def tracking_uri(env: Mapping[str, str] = os.environ, store: Path = STORE) -> str:
    """A server that was named must answer; ours need not, then it is the file in `store`."""
    named = env.get("MLFLOW_TRACKING_URI")
    uri = named or SERVER
    if not uri.startswith("http") or answers(uri):
        return uri
    # Another registry than the one that was named could hold another champion.
    if named:
        raise RegistryError(
            f"No MLflow server answers at {uri}: start it, or set MLFLOW_TRACKING_URI to another."
        )
    local = local_file(store)
    log.info("no MLflow server at %s (train/mlflow_server.sh): using %s", uri, local)
    return local


def local_file(folder: Path) -> str:
    """Where nothing else is; what was moved there is found there."""
    file = folder.resolve() / "mlflow.db"
    try:
        readdress(file)
    except sqlite3.Error as error:
        # Also of one that may only be read, as MLflow itself reads it.
        log.warning(
            "%s can't be brought up to date (%s): should it have been moved, its files are sought"
            " where they were until somebody who may write to it uses it",
            file,
            error,
        )
    return f"{SQLITE}{file}"


def answers(uri: str) -> bool:
    bypass_proxies(uri)
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=ANSWERS_WITHIN_S):
            return True
    # Of an address that is none, ValueError.
    except (OSError, http.client.HTTPException, ValueError):
        return False


def check_there(uri: str) -> None:
    """Raises RegistryError for a SQLite file that is absent: MLflow would make an empty one."""
    if uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).is_file():
        raise RegistryError(
            f"There is no registry at {uri}: start MLflow (train/mlflow_server.sh), name it in"
            " MLFLOW_TRACKING_URI, or register a model (python -m train.register_model)."
        )
