"""What the libraries read when training or the registry first imports them."""

import json
import os
import subprocess
import sys

import pytest

from mar_config.build import ROOT

# No usage statistics, and a Ray that is started listens on loopback alone.
READ = {
    "train": {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    },
    "registry": {"MLFLOW_DISABLE_TELEMETRY": "true"},
}


@pytest.mark.parametrize("package", READ)
def test_no_statistics_are_sent_and_nothing_listens_beyond_this_machine(package: str) -> None:
    env = {name: value for name, value in os.environ.items() if name not in READ["train"]}
    tells = f"import json, os, {package}; print(json.dumps(dict(os.environ)))"

    told = subprocess.run(
        [sys.executable, "-c", tells], cwd=ROOT, env=env, check=True, capture_output=True, text=True
    ).stdout

    assert json.loads(told).items() >= READ[package].items()
