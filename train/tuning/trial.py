"""What one trial does: a Ray Train run within a Ray Tune trial, which is told of each epoch."""

from dataclasses import replace
from functools import partial

import torch
from ray.tune.integration.ray_train import TuneReportCallback

from train import tracking
from train.data.split import Split
from train.fit import trainer_of
from train.loop import Job, Training
from train.run import job_of
from train.runs import TrainingRun
from train.tuning.study import Study

EPOCH = "epoch"


def run_trial(settings: dict[str, int], *, study: Study, parts: Split, together: int) -> None:
    """Goes on from the newest checkpoint in the trial's folder, if there is one."""
    number = settings["number"]
    folder = study.trial_folder(number)
    tracked = study.tracked_trial(number)
    tracking.restart(tracked)
    config = study.trials[number - 1]
    run = TrainingRun(
        folder=folder,
        config=config,
        split_sha256=study.split_sha256,
        labels_sha256=study.labels_sha256,
        tracked=tracked,
    )
    job = job_of(run, parts)
    # This process has a folder of its own, from which a relative --out leads elsewhere.
    job = replace(job, cache=study.folder.parents[1] / "cache")
    loop = partial(train_loop, job, together)
    trainer_of(job, folder, loop, [TuneReportCallback()]).fit()


def train_loop(job: Job, together: int) -> None:
    TrialTraining(job, together).fit()


class TrialTraining(Training):
    """`together` is how many trials there are at a time."""

    def __init__(self, job: Job, together: int) -> None:
        super().__init__(job)
        if not torch.cuda.is_available():
            torch.set_num_threads(max(1, torch.get_num_threads() // together))

    def save(self, numbers: dict[str, float]) -> None:
        # By its epoch a score is compared with other trials'; Ray's own count restarts.
        super().save(numbers | {EPOCH: self.state.epoch})
