"""A run on disk and in MLflow: begun once, found again by --resume."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from train import tracking
from train.config import ConfigError, TrainConfig
from train.data.split import Split

SETTINGS = "run.json"


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """`folder` is also Ray Train's: its checkpoints lie in it."""

    folder: Path
    config: TrainConfig
    tracked: tracking.Run

    @classmethod
    def begin(cls, config: TrainConfig, parts: Split, commit: str) -> Self:
        out = Path(config.out)
        folder = out / "runs" / time.strftime("%Y%m%d-%H%M%S")
        folder.mkdir(parents=True, exist_ok=True)
        parameters: dict[str, object] = {
            **config.as_dict(),
            "training_images": len(parts.train),
            "validation_images": len(parts.validation),
            "split_sha256": parts.sha256,
            "lesions_leaked_by_random_split": parts.leaked_by_random,
        }
        tags = {"mlflow.source.git.commit": commit, "mlflow.runName": folder.name}
        tracked = tracking.start(tracking.tracking_uri(out), out, parameters, tags)
        return cls._written(folder, config, tracked)

    @classmethod
    def resume(cls, values: dict[str, object]) -> Self:
        """The newest run below `out`; only its number of epochs may be changed."""
        given = dict(values)
        out = Path(str(given.pop("out", "model_store")))
        settings = sorted((out / "runs").glob(f"*/{SETTINGS}"))
        if not settings:
            raise ConfigError(f"There is no run to resume in {out / 'runs'}: start one first.")
        saved = json.loads(settings[-1].read_text())
        epochs = {"epochs": given.pop("epochs", saved["config"]["epochs"])}
        if given:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ConfigError(f"A resumed run keeps its own settings: leave out {flags}.")
        tracked = tracking.Run(**saved["mlflow"])
        tracking.restart(tracked)
        return cls._written(settings[-1].parent, TrainConfig(**saved["config"] | epochs), tracked)

    @classmethod
    def _written(cls, folder: Path, config: TrainConfig, tracked: tracking.Run) -> Self:
        values = {"config": config.as_dict(), "mlflow": vars(tracked)}
        (folder / SETTINGS).write_text(json.dumps(values, indent=2))
        return cls(folder=folder, config=config, tracked=tracked)
