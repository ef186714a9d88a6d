"""Ray Tune's part of a study: which trials run when, which are ended early, what is noted."""

import logging
import os
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ray import tune as ray_tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler

from train import tracking
from train.data.split import Split
from train.state import SCORE
from train.tuning.study import FAILED, FINISHED, STOPPED, WAITING, Study
from train.tuning.trial import EPOCH, run_trial

log = logging.getLogger(__name__)

# Of the trials that got as far as a rung of the ladder, this share goes on: 1 in 3.
REDUCTION = 3
# Before this share of its epochs no trial is ended: the rate has only just warmed up.
GRACE = 1 / 5
# The trial's own process computes nothing and so takes no CPU, which its workers need; it must
# ask for something, and what steers a run belongs on the head node.
DRIVER = {"node:__internal_head__": 0.001}
MLFLOW_STATUS = {FINISHED: "FINISHED", STOPPED: "KILLED", FAILED: "FAILED"}


def search(study: Study, parts: Split, together: int) -> None:
    """Runs what is not concluded yet; Ctrl-C ends it early.

    The settings were drawn when the study began, and what became of each trial is noted at once:
    Tune's own state is up to 10 s old when it is killed, and forgets the scheduler's ladder.
    """
    # Its own account of the study would advise to resume by its own means.
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    trainable = ray_tune.with_parameters(run_trial, study=study, parts=parts, together=together)
    ray_tune.Tuner(
        ray_tune.with_resources(trainable, DRIVER),
        param_space={"number": ray_tune.grid_search(study.numbers(WAITING, FAILED))},
        tune_config=ray_tune.TuneConfig(
            scheduler=Ladder(study), max_concurrent_trials=together, trial_dirname_creator=name
        ),
        run_config=ray_tune.RunConfig(
            name=time.strftime("%Y%m%d-%H%M%S"),
            storage_path=str(study.folder / "tune"),
            callbacks=[Notes(study)],
            verbose=0,
        ),
    ).fit()


def name(trial: Trial) -> str:
    return f"{trial.config['number']:03d}"


class Ladder(ASHAScheduler):  # type: ignore[misc]  # Ray carries no types
    """Successive halving (Li et al. 2018, arXiv:1810.05934) that knows the scores of before."""

    def __init__(self, study: Study) -> None:
        epochs = study.trials[0].epochs
        super().__init__(
            time_attr=EPOCH,
            metric=SCORE,
            mode="max",
            max_t=epochs,
            grace_period=max(1, round(GRACE * epochs)),
            reduction_factor=REDUCTION,
            # A trial ends by itself after its last epoch.
            stop_last_trials=False,
        )
        self.study = study
        for number in study.numbers(FINISHED, STOPPED):
            self.on_trial_add(
                None, SimpleNamespace(trial_id=f"past {number}", config={"number": number})
            )

    def on_trial_add(self, tune_controller: object, trial: Any) -> None:  # noqa: ANN401  # Tune's
        """Also of one that goes on: its next score is of an epoch long after its first rungs."""
        super().on_trial_add(tune_controller, trial)
        scores = self.study.progress(trial.config["number"]).scores
        for epoch, score in sorted(scores.items()):
            # Whether it should end was decided then.
            self.on_trial_result(tune_controller, trial, {EPOCH: epoch, SCORE: score})


class Notes(ray_tune.Callback):  # type: ignore[misc]  # Ray carries no types
    """Told by Tune, in the study's own process, of each epoch and each end of a trial."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.stopped: set[int] = set()

    def on_trial_start(self, trial: Trial, **_: object) -> None:
        number = trial.config["number"]
        log.info("trial %d: %s", number, self.study.trials[number - 1].command())
        # One that has failed before is not done as long as it is tried again.
        self.study.note(number, replace(self.study.progress(number), status=WAITING))

    def on_trial_result(self, trial: Trial, result: dict[str, Any], **_: object) -> None:
        number, epoch, score = trial.config["number"], result[EPOCH], result[SCORE]
        progress = self.study.progress(number)
        self.study.note(number, replace(progress, scores=progress.scores | {epoch: score}))
        epochs = self.study.trials[number - 1].epochs
        log.info("trial %d: epoch %d/%d, balanced accuracy %.3f", number, epoch, epochs, score)
        # Tune sets it here only for what the scheduler ends.
        if result.get("done") and epoch < epochs:
            self.stopped.add(number)

    def on_trial_complete(self, trial: Trial, **_: object) -> None:
        number = trial.config["number"]
        self.conclude(number, STOPPED if number in self.stopped else FINISHED)

    def on_trial_error(self, trial: Trial, **_: object) -> None:
        number = trial.config["number"]
        log.error("trial %d failed, --resume tries it again: %s", number, trial.error_file)
        self.conclude(number, FAILED)

    def conclude(self, number: int, status: str) -> None:
        """Noted last: a study killed before runs the trial again, which then has nothing to do."""
        progress = self.study.progress(number)
        log.info("trial %d: %s", number, status)
        run = self.study.tracked_trial(number)
        tracking.finish(run, None, None, MLFLOW_STATUS[status])
        # Of one that failed and is tried again the best is yet to come; what is logged stands.
        if progress.scores and status != FAILED:
            best = {SCORE: max(progress.scores.values())}
            tracking.log_numbers(self.study.tracked, best, number)
        self.study.note(number, replace(progress, status=status))
