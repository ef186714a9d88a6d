"""Train a Vision Transformer on pictures of skin lesions: python -m train.run --help."""

import logging
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import ray

from handlers.categories import CODES, WITHOUT_UNKNOWN
from train import checkpoint, tracking
from train.config import ConfigError, TrainConfig, parse
from train.data.generated import generate
from train.data.layouts import DataError, listed, read_unknown
from train.data.leaks import report
from train.data.split import Split, readable, split
from train.data.unseen import Images, strangers
from train.doubt.fit import FitError
from train.doubt.fitting import calibrated
from train.fit import connect, enough_for, fit
from train.inherited import check_held_out, seen_by, seen_in_all
from train.loop import Job
from train.models import InitError, build
from train.origin import commit
from train.placing import place
from train.plots import confusion_figure
from train.progress import Line
from train.runs import TrainingRun, to_go_on
from train.send import send_pending
from train.state import BEST_MODEL, read_best
from train.writable import OutError, writable

log = logging.getLogger(__name__)

GENERATED = Path("data/generated")
UNKNOWN = "UNK"


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    values, resume = parse()
    try:
        train(values, resume=resume)
    except (ConfigError, DataError, InitError, OutError) as error:
        log.error("%s", error)
        return 2
    except KeyboardInterrupt:
        log.error("ended at once; --resume goes on after the last epoch that was finished")
        return 130
    return 0


def train(values: dict[str, object], *, resume: bool) -> None:
    run = TrainingRun.resume(values) if resume else None
    config = run.config if run else TrainConfig.resolved(values)
    writable(Path(config.out))
    parts = parts_of(config, run.inherited if run else seen_by(config.init))
    unknown = unknown_of(config, parts)
    # Here and not first in a worker, as its errors are the caller's to mend.
    check(config, parts)
    send_pending(Path(config.out))
    connect(config.ray_address)
    try:
        enough_for(config.workers)
        if run:
            run.go_on(parts)
        else:
            run = TrainingRun.begin(config, parts, commit())
        with tracking.told_if_it_fails(run.tracked):
            saved, stopped = fit(job_of(run, parts), run.folder)
    finally:
        ray.shutdown()
    with tracking.told_if_it_fails(run.tracked):
        weights = with_doubt(saved / BEST_MODEL, parts.validation, unknown)
        conclude(run, saved, weights, classes_of(parts, run.config.leave_out), stopped)


def check(config: TrainConfig, parts: Split) -> None:
    """Raises InitError or ConfigError for a model that can't be had or settings that don't suit."""
    classes = classes_of(parts, config.leave_out)
    model = build(config.model, len(classes), config.init)
    [patch, _] = model.patch_embed.patch_size
    size = config.train_size or checkpoint.config_of(config.model, classes, model).image_size
    if size % patch:
        raise ConfigError(
            f"--train-size must be a multiple of {config.model}'s patches, {patch}, which {size} is"
            " not."
        )
    if len(parts.train) < config.workers:
        raise ConfigError(
            f"{config.workers} workers can't share {len(parts.train)} training images: lower"
            " --workers."
        )
    if config.patience and parts.validation.empty:
        raise ConfigError("--patience needs held-out images to look at: raise --hold-out.")


def parts_of(config: TrainConfig, inherited: tuple[str, ...] = ()) -> Split:
    """Reads or generates the data and splits it by lesion; the starting weights have seen the
    images that are `inherited`."""
    if config.data is None:
        log.warning("no --data: training on generated drawings (%s), not on lesions", GENERATED)
        data = generate(GENERATED, config.seed)
    else:
        data = Path(config.data)
    named = listed(data)
    chosen = config.fold or config.hold_out != TrainConfig.hold_out
    # Before any image is looked at.
    if chosen and (named["side"] == "test").any():
        raise ConfigError(
            f"{data} has a Test folder, which is what is held out: leave out --hold-out and --fold."
        )
    images = Images.of(data, named)
    parts = split(images.table, config.seed, config.hold_out, config.fold)
    parts = replace(parts, inherited=inherited).without(config.leave_out)
    if parts.train.empty:
        raise DataError(
            f"Without {config.leave_out} there is no image in {data} to train on: leave out"
            " --leave-out."
        )
    if not (parts.train["code"] == UNKNOWN).any() and (parts.validation["code"] == UNKNOWN).any():
        log.warning(
            "%d held-out images are of %s, which none in training is: they are not used here, and"
            " count in train.evaluate",
            (parts.validation["code"] == UNKNOWN).sum(),
            UNKNOWN,
        )
        parts = parts.without(UNKNOWN)
    check_held_out(parts, images, config)
    log.info("%d training and %d validation images", len(parts.train), len(parts.validation))
    return parts


def unknown_of(config: TrainConfig, parts: Split) -> pd.DataFrame | None:
    if config.unk_data is None:
        return None
    folder = Path(config.unk_data)
    unknown = readable(read_unknown(folder))
    return strangers(unknown, folder, seen_in_all(parts), parts.train["path"])


def classes_of(parts: Split, leave_out: str | None) -> tuple[str, ...]:
    codes = CODES if (parts.train["code"] == UNKNOWN).any() else WITHOUT_UNKNOWN
    return tuple(code for code in codes if code != leave_out)


def job_of(run: TrainingRun, parts: Split) -> Job:
    return Job(
        config=run.config,
        parts=parts,
        classes=classes_of(parts, run.config.leave_out),
        line=Line.remote(),  # type: ignore[attr-defined]  # Ray's decorator made it an actor
        tracked=run.tracked,
        cache=(Path(run.config.out) / "cache").resolve(),
        origin={
            "command": run.config.command(),
            "commit": commit(),
            "keep": run.config.keep,
            "data": "generated drawings" if run.config.data is None else run.config.data,
            "training_images": len(parts.train),
            "validation_images": len(parts.validation),
            "split_sha256": parts.sha256,
            **report(parts).as_numbers(),
        },
        trained_on=seen_in_all(parts),
    )


def with_doubt(saved: Path, validation: pd.DataFrame, unknown: pd.DataFrame | None) -> bytes:
    """The checkpoint with what is fitted to validation images, where there are enough."""
    try:
        return calibrated(checkpoint.read(saved), validation, unknown).as_bytes()
    except FitError as error:
        log.warning("%s Answers will be bare probabilities.", error)
        return saved.read_bytes()


def conclude(
    run: TrainingRun, saved: Path, weights: bytes, classes: tuple[str, ...], stopped: bool
) -> None:
    """Puts the best checkpoint in place, the one it replaces beside it, and both into MLflow."""
    target = Path(run.config.out) / BEST_MODEL
    place(weights, target, run.folder)
    best = read_best(saved)
    status = "KILLED" if stopped else "FINISHED"
    figure = confusion_figure(np.array(best.confusion), classes) if best else None
    tracking.finish(run.tracked, target, figure, status)
    score = f"balanced accuracy {best.balanced_accuracy:.3f}" if best else "not validated yet"
    log.info("%s: %s (%s)", status.lower(), target, score)
    if stopped:
        log.info("go on with: %s", to_go_on("train.run", run.config))


if __name__ == "__main__":
    sys.exit(main())
