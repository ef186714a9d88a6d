"""A run on disk and in MLflow: begun once, found again by --resume."""

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from train import tracking
from train.config import MOVABLE, ConfigError, TrainConfig
from train.data import leaks
from train.data.split import Split

log = logging.getLogger(__name__)

SETTINGS = "run.json"
SPLIT = "split.csv"


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """`folder` is also Ray Train's: its checkpoints lie in it."""

    folder: Path
    config: TrainConfig
    split_sha256: str
    tracked: tracking.Run

    @classmethod
    def begin(cls, config: TrainConfig, parts: Split, commit: str) -> Self:
        out = Path(config.out)
        folder = out / "runs" / time.strftime("%Y%m%d-%H%M%S")
        folder.mkdir(parents=True, exist_ok=True)
        found = leaks.check(parts, folder)
        parameters: dict[str, object] = {
            **config.as_dict(),
            "training_images": len(parts.train),
            "validation_images": len(parts.validation),
            "split_sha256": parts.sha256,
            **found.as_numbers(),
        }
        tags = {"mlflow.source.git.commit": commit, "mlflow.runName": folder.name}
        tracked = tracking.start(tracking.tracking_uri(out), folder, parameters, tags)
        sides = pd.concat(
            [parts.train.assign(side="train"), parts.validation.assign(side="held out")]
        )
        sides[["image", "lesion", "group", "code", "side"]].to_csv(folder / SPLIT, index=False)
        tracking.log_files(tracked, [folder / SPLIT, *folder.glob(leaks.PAIRS)])
        return cls._written(folder, config, parts.sha256, tracked)

    @classmethod
    def resume(cls, values: dict[str, object]) -> Self:
        """The newest run below `out`; its number of epochs may be changed, and what was moved."""
        given = {"out": TrainConfig.out} | values
        out = Path(str(given["out"]))
        settings = sorted((out / "runs").glob(f"*/{SETTINGS}"))
        if not settings:
            raise ConfigError(f"There is no run to resume in {out / 'runs'}: start one first.")
        saved = json.loads(settings[-1].read_text())
        changed = {name: given.pop(name) for name in ("epochs", *MOVABLE) if name in given}
        if given:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ConfigError(f"A resumed run keeps its own settings: leave out {flags}.")
        tracked = tracking.moved(saved["mlflow"], settings[-1].parent)
        config = TrainConfig(**saved["config"] | changed)
        return cls._written(settings[-1].parent, config, saved["split_sha256"], tracked)

    @classmethod
    def _written(cls, folder: Path, config: TrainConfig, split: str, tracked: tracking.Run) -> Self:
        values = {"config": config.as_dict(), "split_sha256": split, "mlflow": vars(tracked)}
        (folder / SETTINGS).write_text(json.dumps(values, indent=2))
        return cls(folder=folder, config=config, split_sha256=split, tracked=tracked)

    def go_on(self, parts: Split) -> None:
        """Only with the images it began with: others would leak, or count twice."""
        if parts.sha256 != self.split_sha256:
            raise ConfigError(
                f"The images or their lesions are no longer those that {self.folder} began with:"
                " put them back, or start a new run."
            )
        tracking.restart(self.tracked)
