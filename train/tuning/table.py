"""The table of a study: a row for each trial that has a checkpoint, the best first."""

from pathlib import Path

import pandas as pd
from ray import train as ray_train

from train.state import BEST_MODEL, read_best
from train.tuning.space import SPACE
from train.tuning.study import Study
from train.tuning.trial import EPOCH


def table_of(study: Study) -> pd.DataFrame:
    """Columns: trial, status, epochs, balanced_accuracy, best_epoch, those searched, checkpoint."""
    every = range(1, len(study.trials) + 1)
    rows = [row for number in every if (row := row_of(study, number))]
    columns = ["trial", "status", "epochs", "balanced_accuracy", "best_epoch", *SPACE, "checkpoint"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("balanced_accuracy", ascending=False, ignore_index=True)


def row_of(study: Study, number: int) -> dict[str, object] | None:
    """By Ray Train's own record: a folder there may be of a checkpoint that was never finished."""
    folder = study.trial_folder(number)
    if not (folder / "checkpoint_manager_snapshot.json").exists():
        return None
    newest = ray_train.Result.from_path(folder)
    best = newest.checkpoint and read_best(Path(newest.checkpoint.path))
    if not best:
        return None
    config = study.trials[number - 1]
    return {
        "trial": number,
        "status": study.progress(number).status,
        "epochs": newest.metrics[EPOCH],
        "balanced_accuracy": best.balanced_accuracy,
        "best_epoch": best.epoch + 1,
        **{name: getattr(config, name) for name in SPACE},
        "checkpoint": str(Path(newest.checkpoint.path) / BEST_MODEL),
    }
