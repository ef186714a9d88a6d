"""The script that starts MLflow, with a Python that only tells what it was told."""

import os
import subprocess
from pathlib import Path

import pytest
from mlflow.server.security_utils import (
    get_default_allowed_hosts,
    is_allowed_host_header,
    should_block_cors_request,
)

from mar_config.build import ROOT

SCRIPT = ROOT / "train" / "mlflow_server.sh"
TELLS = """#!/bin/sh
printf "%s\\n" "$MLFLOW_SERVER_ALLOWED_HOSTS" "$MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"
"""


def told(folder: Path, **changes: str) -> tuple[list[str], list[str]]:
    """The hosts and the pages that MLflow is to know."""
    python = folder / "python"
    python.write_text(TELLS)
    python.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if "MLFLOW" not in name}
    env |= {"SKIN_PYTHON": str(python), "SKIN_MLFLOW_DATA": str(folder / "data")} | changes
    said = subprocess.run([str(SCRIPT)], env=env, check=True, capture_output=True, text=True).stdout
    hosts, pages = said.splitlines()
    return hosts.split(","), pages.split(",")


@pytest.mark.parametrize("host", ["a.example", "My-Machine", "203.0.113.7", "127.0.0.1"])
def test_mlflow_answers_where_it_listens(tmp_path: Path, host: str) -> None:
    hosts, pages = told(tmp_path, SKIN_HOST=host, SKIN_MLFLOW_PORT="5002")

    name = host.lower()
    for asked in (name, f"{name}:5002", "localhost:5002", "127.0.0.1:5002", "10.1.2.3:5002"):
        assert is_allowed_host_header(hosts, asked)
    assert not is_allowed_host_header(hosts, "elsewhere.example:5002")
    assert not should_block_cors_request(f"http://{name}:5002", "POST", pages)
    assert should_block_cors_request("http://elsewhere.example:5002", "POST", pages)


def test_mlflow_answers_all_that_it_answers_by_itself(tmp_path: Path) -> None:
    hosts, _ = told(tmp_path)

    assert set(hosts) == {*get_default_allowed_hosts()}


def test_other_hosts_can_be_named(tmp_path: Path) -> None:
    named = {
        "MLFLOW_SERVER_ALLOWED_HOSTS": "b.example",
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": "https://b.example",
    }

    assert told(tmp_path, SKIN_HOST="a.example", **named) == (["b.example"], ["https://b.example"])
