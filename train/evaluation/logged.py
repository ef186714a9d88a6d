"""An evaluation as a run in MLflow: its numbers under flat names, its files as artefacts."""

import math
import re
from pathlib import Path
from typing import Any

from train import tracking
from train.origin import ROOT

STORE = ROOT / "model_store"
PARAMETERS = ("model", "data", "checkpoint_sha256", "images_sha256")


def log_evaluation(metrics: dict[str, Any], files: list[Path], out: Path) -> None:
    facts = metrics["measured"]
    run = tracking.start(
        # The file of the training runs, where there is no server.
        tracking.tracking_uri(STORE),
        out,
        {name: facts[name] for name in PARAMETERS},
        {"mlflow.runName": f"evaluation-{out.name}", "mlflow.source.git.commit": facts["commit"]},
    )
    tracking.log_numbers(run, flat(metrics), 0)
    tracking.log_files(run, files)
    tracking.finish(run, None, None, "FINISHED")


def flat(values: dict[str, Any], above: str = "") -> dict[str, float]:
    """Every number by its path, as per_class/MEL/auc, in letters that MLflow takes.

    Of lists only subgroups are taken, by their names.
    """
    numbers: dict[str, float] = {}
    for key, value in values.items():
        name = above + re.sub(r"[^\w.\- ]", "_", key)
        if isinstance(value, dict):
            numbers |= flat(value, f"{name}/")
        elif isinstance(value, list):
            named = [one for one in value if isinstance(one, dict) and "group" in one]
            numbers |= flat({one["group"]: one for one in named}, f"{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            numbers[name] = float(value)
    return {name: number for name, number in numbers.items() if math.isfinite(number)}
