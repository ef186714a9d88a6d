"""Search for better settings of the training with Ray Tune: python -m train.tune --help."""

import logging
import sys
from pathlib import Path

import ray

from train import tracking
from train.config import ConfigError
from train.data.layouts import DataError
from train.data.split import Split
from train.fit import connect, room
from train.inherited import seen_by
from train.models import InitError
from train.run import check, parts_of
from train.runs import to_go_on
from train.send import send_pending
from train.tuning.flags import Options, parse
from train.tuning.schedule import search
from train.tuning.space import base, trials
from train.tuning.study import FINISHED, STOPPED, TRACKED, WAITING, Study
from train.tuning.table import table_of
from train.writable import OutError, writable, write_whole

log = logging.getLogger(__name__)

TABLE = "trials.csv"


def main(arguments: list[str] | None = None) -> int:
    """0 if all trials ended, 1 if none has a checkpoint, 2 for a mistake, 130 after Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return tune(parse(arguments))
    except (ConfigError, DataError, InitError, OutError) as error:
        log.error("%s", error)
        return 2
    except KeyboardInterrupt:
        log.error("ended at once; --resume goes on after the last epochs that were finished")
        return 130


def tune(options: Options) -> int:
    study = Study.newest(options.out, options.moved) if options.resume else None
    default = study.trials[0] if study else base(options.values)
    if default.hold_out == 0:
        raise ConfigError("--hold-out must be more than 0: trials are scored on what is held out.")
    writable(Path(default.out))
    parts = parts_of(default, study.inherited if study else seen_by(default.init))
    if parts.validation.empty:
        raise ConfigError(
            f"Of {default.data} no held-out image is left to score trials on: put images of what is"
            " trained on into its Test folder, or leave out --leave-out."
        )
    # Here and not first in every trial, as its errors are the caller's to mend.
    check(default, parts)
    send_pending(Path(default.out))
    connect(default.ray_address)
    try:
        together = at_a_time(options.together, default.workers)
        if study:
            study.go_on(parts)
        else:
            study = Study.begin(trials(default, options.trials), parts)
        run(study, parts, together)
    finally:
        ray.shutdown()
    return conclude(study)


def at_a_time(together: int | None, workers: int) -> int:
    """How many trials run at a time, of the number asked for or by default."""
    kind, there = room()
    together = together or (max(1, there // workers) if kind == "GPU" else 1)
    if together * workers > there:
        raise ConfigError(
            f"{together} trials at a time with {workers} workers each need {together * workers}"
            f" {kind}s, and there are {there}: lower --together or --workers."
        )
    return together


def run(study: Study, parts: Split, together: int) -> None:
    log.info("%d trials, of which %d are done", len(study.trials), len(done(study)))
    if len(done(study)) < len(study.trials):
        with tracking.told_if_it_fails(study.tracked):
            search(study, parts, together)


def done(study: Study) -> list[int]:
    return study.numbers(FINISHED, STOPPED)


def conclude(study: Study) -> int:
    """Writes the table down, says which trial was best and what to do next."""
    interrupted = study.numbers(WAITING)
    for number in interrupted:
        if (study.trial_folder(number) / TRACKED).exists():
            tracking.finish(study.tracked_trial(number), None, None, "KILLED")
    table, file = table_of(study), study.folder / TABLE
    write_whole(file, table.to_csv(index=False).encode())
    tracking.log_files(study.tracked, [file])
    tracking.finish(study.tracked, None, None, "KILLED" if interrupted else "FINISHED")
    if not table.empty:
        best = table.iloc[0]
        log.info("%s\n%s", table.drop(columns="checkpoint").to_string(index=False), file)
        log.info("best: trial %d, %.3f, %s", best.trial, best.balanced_accuracy, best.checkpoint)
        log.info("train it: %s", study.trials[best.trial - 1].command())
    if interrupted:
        again = to_go_on("train.tune", study.trials[0])
        log.info("%d trials are not done; go on with: %s", len(interrupted), again)
        return 130
    if table.empty:
        log.error("no trial got through an epoch: look at the errors named above")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
