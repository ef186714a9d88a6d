"""Fit what answers say of doubt to images a checkpoint has not seen: python -m train.calibrate."""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from train import checkpoint
from train.checkpoint import Checkpoint
from train.data.layouts import DataError, read_unknown
from train.data.names import among
from train.data.split import readable
from train.data.unseen import Images, strangers, unseen
from train.doubt.comparison import on_left_out, on_unknown
from train.doubt.fit import FitError
from train.doubt.fitted import Fitted
from train.doubt.fitting import fitted_to, looked_at
from train.folds import others
from train.models import InitError
from train.origin import ROOT
from train.writable import OutError, writable_file, write_whole

log = logging.getLogger(__name__)

VIEWS = (1, 2, 4)
LEFT_OUT = "methods_left_out"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train.calibrate", description=__doc__)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=ROOT / "model_store" / "best_model.pth",
        help="what is fitted (model_store/best_model.pth)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="a folder as train.run takes; images the model was trained on, with all of their"
        " lesions and near-duplicates, are left out",
    )
    parser.add_argument(
        "--folds",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="checkpoints trained by the same command with another --fold or --hold-out:"
        " probabilities are fitted to the images that these were not trained on too, and the recipe"
        " is cross-validated",
    )
    parser.add_argument(
        "--unk-data",
        type=Path,
        help="a folder of images of no category, which the limit of the unknown is fitted to too",
    )
    parser.add_argument(
        "--unknown",
        type=Path,
        help="a folder of images of no category, on which the methods are only compared",
    )
    parser.add_argument(
        "--left-out",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="checkpoints of train.run --leave-out, on whose category the methods are compared",
    )
    parser.add_argument(
        "--views",
        type=int,
        choices=VIEWS,
        help="mirrored views that an answer averages (as the checkpoint says)",
    )
    parser.add_argument("--out", type=Path, help="where the checkpoint is written (in its place)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    given = parse(arguments)
    try:
        fitted = calibrate(given)
    except (DataError, InitError, FitError, OutError) as error:
        log.error("%s", error)
        return 2
    log.info(
        "%s: temperature %.3f, expected calibration error %.3f (%.3f before), %d images",
        given.out or given.checkpoint,
        fitted.scaling.temperature,
        fitted.evidence["ece"],
        fitted.evidence["ece_before"],
        fitted.evidence["images"],
    )
    return 0


def calibrate(given: argparse.Namespace) -> Fitted:
    writable_file(given.out or given.checkpoint)
    both = [folder.resolve() for folder in (given.unk_data, given.unknown) if folder is not None]
    if len(set(both)) < len(both):
        raise DataError("--unk-data is fitted to, so name another folder with --unknown.")
    source = checkpoint.read(given.checkpoint)
    source = replace(source, views=given.views or source.views)

    images = Images.of(given.data)
    table = unseen(images, source.trained_on)
    folds = others(source, set(table["image"]), given.folds, images)
    parts = [(source, table), *((fold.source, fold.table) for fold in folds)]
    models = [model for model, _ in parts]
    added, compared = (
        unknown_of(folder, models, images) for folder in (given.unk_data, given.unknown)
    )
    check(source, sum(int(asked["code"].isin(source.classes).sum()) for _, asked in parts), given)
    left_out = on_left_out(given.left_out, images)
    # Every model has a limit of its own to the unknown.
    seen, *theirs = (looked_at(model, asked, added) for model, asked in parts)
    fitted = fitted_to(seen, source.classes, theirs)
    evidence = dict(fitted.evidence)
    if folds:
        fewest = min(model.training_images for model in models)
        evidence["cross_validation"] |= {"fewest_training_images": fewest}
    if compared is not None:
        evidence |= on_unknown(fitted, seen, looked_at(source, compared), source.classes)
    if left_out:
        evidence[LEFT_OUT] = left_out
    elif source.fitted is not None and LEFT_OUT in source.fitted.evidence:
        # It is of other models, and as true of them whatever this one is fitted to.
        evidence[LEFT_OUT] = source.fitted.evidence[LEFT_OUT]
    fitted = replace(fitted, evidence=evidence, images=tuple(table["image"]))
    write_whole(given.out or given.checkpoint, replace(source, fitted=fitted).as_bytes())
    return fitted


def unknown_of(
    folder: Path | None, models: Sequence[Checkpoint], images: Images
) -> pd.DataFrame | None:
    """The readable images below a folder that none of the models was trained on."""
    if folder is None:
        return None
    names = {name for model in models for name in model.trained_on}
    theirs = images.given.loc[among(images.given["image"], names), "path"]
    return strangers(readable(read_unknown(folder)), folder, names, theirs)


def check(source: Checkpoint, images: int, given: argparse.Namespace) -> None:
    """Raises FitError where what was fitted to more images of the model's categories would be
    lost."""
    before = source.fitted.evidence["images"] if source.fitted else 0
    place = given.out or given.checkpoint
    if images < before and place.resolve() == given.checkpoint.resolve():
        raise FitError(
            f"Temperatures, sets and rules were fitted to {before} images, and would be to"
            f" {images}: name the same --folds, or with --out another file to write."
        )


if __name__ == "__main__":
    sys.exit(main())
