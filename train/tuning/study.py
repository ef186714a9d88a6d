"""A study on disk and in MLflow: begun once, found again by --resume whenever it was killed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from train import tracking
from train.config import ConfigError, TrainConfig
from train.data import leaks
from train.data.split import Split
from train.origin import commit
from train.runs import begun_with, check_same, settings_in
from train.tuning.space import SPACE
from train.writable import folder_of_now, write_whole

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
    labels_sha256: str | None
    tracked: tracking.Run
    inherited: tuple[str, ...] = ()

    @classmethod
    def begin(cls, trials: tuple[TrainConfig, ...], parts: Split) -> Self:
        out = Path(trials[0].out).resolve()
        folder = folder_of_now(out / "studies")
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
        study = cls(
            folder=folder,
            trials=trials,
            split_sha256=parts.sha256,
            labels_sha256=parts.labels_sha256,
            tracked=tracked,
        )
        study.write(parts)
        return study

    @classmethod
    def newest(cls, out: Path, moved: dict[str, object]) -> Self:
        """`moved`: which of its trials' settings are others now, as the data's folder; they are
        kept by `go_on`. A cluster never is: without a name it goes on on this machine."""
        settings = sorted((out / "studies").resolve().glob(f"*/{SETTINGS}"))
        if not settings:
            raise ConfigError(f"There is no study to resume in {out / 'studies'}: start one first.")
        values, now = settings_in(settings[-1]), {"ray_address": None} | moved
        return cls(
            folder=settings[-1].parent,
            trials=tuple(TrainConfig(**config | now) for config in values["trials"]),
            split_sha256=values["split_sha256"],
            labels_sha256=values.get("labels_sha256"),
            tracked=tracking.moved(values["mlflow"], settings[-1].parent),
            inherited=tuple(values.get("inherited", ())),
        )

    def go_on(self, parts: Split) -> None:
        check_same(parts, self.split_sha256, self.labels_sha256, self.folder)
        self.write(parts)
        tracking.restart(self.tracked)

    def write(self, parts: Split) -> None:
        values = {
            "trials": [config.as_dict() for config in self.trials],
            "mlflow": vars(self.tracked),
        }
        write(self.folder / SETTINGS, values | begun_with(parts))

    def trial_folder(self, number: int) -> Path:
        """Also Ray Train's: the trial's checkpoints lie in it."""
        return self.folder / "trials" / f"{number:03d}"

    def numbers(self, *statuses: str) -> list[int]:
        """Of the trials with one of these statuses."""
        every = range(1, len(self.trials) + 1)
        return [number for number in every if self.progress(number).status in statuses]

    def progress(self, number: int) -> Progress:
        values = written(self.trial_folder(number) / PROGRESS)
        if values is None:
            return Progress()
        scores = {int(epoch): score for epoch, score in values["scores"].items()}
        return Progress(status=values["status"], scores=scores)

    def note(self, number: int, progress: Progress) -> None:
        write(self.trial_folder(number) / PROGRESS, vars(progress))

    def tracked_trial(self, number: int) -> tracking.Run:
        """The trial's run below the study's; a new one when the trial begins."""
        file = self.trial_folder(number) / TRACKED
        if (said := written(file)) is not None:
            return tracking.moved(said, file.parent)
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
    write_whole(file, json.dumps(values, indent=2).encode())


def written(file: Path) -> dict[str, Any] | None:
    """None also of what a machine that went down left damaged: the trial's checkpoint is there."""
    try:
        values: dict[str, Any] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return values
