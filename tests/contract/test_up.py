"""`python -m up`, which the whole contract suite runs on."""

import os
import socket
import subprocess
import sys
from contextlib import suppress

import httpx
import psutil

from tests.conftest import ROOT, System, free_ports
from up.processes import marked
from up.settings import DEFAULT_PORTS


def test_it_prints_every_address(system: System) -> None:
    for url in system.urls.values():
        assert url in system.told


def test_mlflow_answers(system: System) -> None:
    assert httpx.get(f"{system.urls['mlflow']}/health").status_code == 200


def test_models_are_sought_in_the_registry_that_was_started(system: System) -> None:
    replicas = [
        process for process in marked(system.mark) if process.name().startswith("ray::ServeReplica")
    ]

    assert replicas
    for replica in replicas:
        assert replica.environ()["MLFLOW_TRACKING_URI"] == system.urls["mlflow"]


def test_ray_wants_a_token_of_all_that_joins_it(system: System) -> None:
    (gcs,) = [process for process in marked(system.mark) if process.name() == "gcs_server"]

    assert gcs.environ()["RAY_AUTH_MODE"] == "token"
    assert len(gcs.environ()["RAY_AUTH_TOKEN"]) == 64


def test_none_of_it_sends_usage_statistics(system: System) -> None:
    processes: dict[str, dict[str, str]] = {}
    for process in marked(system.mark):
        # One that ends at that moment.
        with suppress(psutil.NoSuchProcess):
            processes[process.name()] = process.environ()

    assert len(processes) > 5
    for told in processes.values():
        assert told["MLFLOW_DISABLE_TELEMETRY"] == "true"
        assert told["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"
    assert processes["gcs_server"]["RAY_USAGE_STATS_ENABLED"] == "0"


def test_nothing_listens_beyond_this_machine(system: System) -> None:
    listening = [
        (process.name(), connection.laddr.ip)
        for process in marked(system.mark)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) > 10
    assert {ip for _, ip in listening} <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}, listening


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        others = zip(DEFAULT_PORTS, map(str, free_ports(len(DEFAULT_PORTS))), strict=True)

        outcome = subprocess.run(
            [sys.executable, "-m", "up"],
            cwd=ROOT,
            env={**os.environ, **dict(others), "SKIN_RAY_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert outcome.returncode == 2
    assert f"Port {port} is in use" in outcome.stderr
    assert "SKIN_RAY_PORT" in outcome.stderr
