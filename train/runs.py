"""A run on disk and in MLflow: begun once, found again by --resume."""

import json
import logging
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from train import tracking
from train.config import MOVABLE, ConfigError, TrainConfig
from train.data import leaks
from train.data.split import Split
from train.writable import folder_of_now, write_whole

log = logging.getLogger(__name__)

SETTINGS = "run.json"
SPLIT = "split.csv"


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """`folder` is also Ray Train's: its checkpoints lie in it. `inherited` are the images that the
    starting weights had seen when it began, whatever lies at --init by now. Runs of before have
    neither these nor a hash of their labels.
    """

    folder: Path
    config: TrainConfig
    split_sha256: str
    labels_sha256: str | None
    tracked: tracking.Run
    inherited: tuple[str, ...] = ()

    @classmethod
    def begin(cls, config: TrainConfig, parts: Split, commit: str) -> Self:
        out = Path(config.out)
        folder = folder_of_now(out / "runs")
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
        listed = sides[["image", "lesion", "group", "code", "side"]].to_csv(index=False)
        write_whole(folder / SPLIT, listed.encode())
        tracking.log_files(tracked, [folder / SPLIT, *folder.glob(leaks.PAIRS)])
        run = cls(
            folder=folder,
            config=config,
            split_sha256=parts.sha256,
            labels_sha256=parts.labels_sha256,
            tracked=tracked,
        )
        run.write(parts)
        return run

    @classmethod
    def resume(cls, values: dict[str, object]) -> Self:
        """The newest run below `out`; its number of epochs may be raised, and what was moved be
        named.

        What was given is not kept before `go_on`, as a mistake in it would stay. A cluster is
        not kept: without a name the run goes on on this machine.
        """
        given = {"out": TrainConfig.out} | values
        out = Path(str(given["out"]))
        settings = sorted((out / "runs").glob(f"*/{SETTINGS}"))
        if not settings:
            raise ConfigError(f"There is no run to resume in {out / 'runs'}: start one first.")
        saved = settings_in(settings[-1])
        changed = {name: given.pop(name) for name in ("epochs", *MOVABLE) if name in given}
        if given:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ConfigError(f"A resumed run keeps its own settings: leave out {flags}.")
        config = TrainConfig(**saved["config"] | {"ray_address": None} | changed)
        # Of fewer it may have done more already, and be neither done nor to go on.
        if config.epochs < (before := saved["config"]["epochs"]):
            raise ConfigError(
                f"--epochs may only be raised when a run goes on: give more than {before}, or leave"
                " it out."
            )
        tracked = tracking.moved(saved["mlflow"], settings[-1].parent)
        return cls(
            folder=settings[-1].parent,
            config=config,
            split_sha256=saved["split_sha256"],
            labels_sha256=saved.get("labels_sha256"),
            tracked=tracked,
            inherited=tuple(saved.get("inherited", ())),
        )

    def go_on(self, parts: Split) -> None:
        check_same(parts, self.split_sha256, self.labels_sha256, self.folder)
        self.write(parts)
        tracking.restart(self.tracked)

    def write(self, parts: Split) -> None:
        values = {
            "config": self.config.as_dict(),
            "mlflow": vars(self.tracked),
        } | begun_with(parts)
        write_whole(self.folder / SETTINGS, json.dumps(values, indent=2).encode())


def begun_with(parts: Split) -> dict[str, object]:
    """What a run or a study keeps of its images, to know them again."""
    return {
        "split_sha256": parts.sha256,
        "labels_sha256": parts.labels_sha256,
        "inherited": parts.inherited,
    }


def check_same(parts: Split, split_sha256: str, labels_sha256: str | None, folder: Path) -> None:
    """Raises ConfigError for other images than those it began with: they would leak, or count
    twice; and for others' labels, with which the scores before and after don't compare."""
    if parts.sha256 != split_sha256 or labels_sha256 not in (None, parts.labels_sha256):
        raise ConfigError(
            f"The images, their categories or lesions are no longer those that {folder} began with:"
            " put them back, or start anew, without --resume."
        )


def settings_in(file: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(file.read_text())
    except ValueError as error:
        raise ConfigError(
            f"{file} is damaged: delete {file.parent} to go on with what was begun before it, or"
            " start anew, without --resume."
        ) from error
    return values


def to_go_on(module: str, config: TrainConfig) -> str:
    """The command that does; it names the cluster, which is not kept."""
    words = ["python", "-m", module, "--resume", "--out", config.out]
    cluster = [] if config.ray_address is None else ["--ray-address", config.ray_address]
    return shlex.join([*words, *cluster])
