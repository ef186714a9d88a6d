"""A study on disk and in MLflow: begun once, found again by --resume whenever it was killed."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from train import tracking
from train.config import ConfigError, TrainConfig
from train.data import leaks
from train.data.split import Split
from train.origin import commit
from train.tuning.space import SPACE

SETTINGS = "study.json"
PROGRESS = "progress.json"
TRACKED = "mlflow.json"

WAITING, FINISHED, STOPPED, FAILED = "waiting", "finished", "stopped early", "failed"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A trial's balanced accuracy by epoch, the first being 1, and what became of it."""

    status: str = WAITING
    scores: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Study:
    """`folder` is absolute, as trials run in folders of their own. Trials count from 1."""

    folder: Path
    trials: tuple[TrainConfig, ...]
    split_sha256: str
    tracked: tracking.Run

    @classmethod
    def begin(cls, trials: tuple[TrainConfig, ...], parts: Split) -> Self:
        out = Path(trials[0].out).resolve()
        folder = out / "studies" / time.strftime("%Y%m%d-%H%M%S")
        folder.mkdir(parents=True)
        fixed = {k: v for k, v in trials[0].as_dict().items() if k not in SPACE}
        parameters: dict[str, object] = {
            **fixed,
            "trials": len(trials),
            "searched": ", ".join(SPACE),
            "split_sha256": parts.sha256,
            **leaks.check(parts, folder).as_numbers(),
        }
        tracked = tracking.start(tracking.tracking_uri(out), folder, parameters, tags(folder.name))
        tracking.log_files(tracked, [*folder.glob(leaks.PAIRS)])
        values = {
            "trials": [config.as_dict() for config in trials],
            "split_sha256": parts.sha256,
            "mlflow": vars(tracked),
        }
        write(folder / SETTINGS, values)
        return cls(folder=folder, trials=trials, split_sha256=parts.sha256, tracked=tracked)

    @classmethod
    def newest(cls, out: Path, moved: dict[str, object]) -> Self:
        """`moved`: which of its trials' settings are others now, as the data's folder."""
        settings = sorted((out / "studies").resolve().glob(f"*/{SETTINGS}"))
        if not settings:
            raise ConfigError(f"There is no study to resume in {out / 'studies'}: start one first.")
        values = json.loads(settings[-1].read_text())
        return cls(
            folder=settings[-1].parent,
            trials=tuple(TrainConfig(**config | moved) for config in values["trials"]),
            split_sha256=values["split_sha256"],
            tracked=tracking.moved(values["mlflow"], settings[-1].parent),
        )

    def trial_folder(self, number: int) -> Path:
        """Also Ray Train's: the trial's checkpoints lie in it."""
        return self.folder / "trials" / f"{number:03d}"

    def numbers(self, *statuses: str) -> list[int]:
        """Of the trials with one of these statuses."""
        every = range(1, len(self.trials) + 1)
        return [number for number in every if self.progress(number).status in statuses]

    def progress(self, number: int) -> Progress:
        file = self.trial_folder(number) / PROGRESS
        if not file.exists():
            return Progress()
        values = json.loads(file.read_text())
        scores = {int(epoch): score for epoch, score in values["scores"].items()}
        return Progress(status=values["status"], scores=scores)

    def note(self, number: int, progress: Progress) -> None:
        write(self.trial_folder(number) / PROGRESS, vars(progress))

    def tracked_trial(self, number: int) -> tracking.Run:
        """The trial's run below the study's; a new one when the trial begins."""
        file = self.trial_folder(number) / TRACKED
        if file.exists():
            return tracking.moved(json.loads(file.read_text()), file.parent)
        config = self.trials[number - 1]
        name = f"{self.folder.name}-{number:03d}"
        parameters: dict[str, object] = {**config.as_dict(), "split_sha256": self.split_sha256}
        run = tracking.start(
            self.tracked.uri, file.parent, parameters, tags(name), parent=self.tracked
        )
        write(file, vars(run))
        return run


def tags(name: str) -> dict[str, str]:
    return {"mlflow.source.git.commit": commit(), "mlflow.runName": name}


def write(file: Path, values: Mapping[str, object]) -> None:
    """In one step, so that a study that is killed leaves the old one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(values, indent=2))
    new.replace(file)
