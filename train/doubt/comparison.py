"""How well the ways of telling the unknown do it, for a report: on pictures of none of the
categories, and on categories that a model was not trained on."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from train import checkpoint
from train.checkpoint import Checkpoint
from train.data.layouts import DataError
from train.data.unseen import Images, unseen
from train.doubt.distance import distances
from train.doubt.fit import FEWEST_GROUPS
from train.doubt.fitted import Fitted
from train.doubt.fitting import Seen, looked_at
from train.doubt.methods import IN_USE, told_apart
from train.doubt.unknown import called, lead

log = logging.getLogger(__name__)


def on_unknown(
    fitted: Fitted, seen: Seen, unknown: Seen, classes: tuple[str, ...]
) -> dict[str, object]:
    """`seen` are the validation images that `fitted` was fitted to."""
    strange = unknown.features
    far = distances(strange.directions, fitted.known)
    ahead = lead(fitted.scaling.shares(strange.logits), classes)
    return {
        "methods_unknown": told_apart(seen.features.known(), strange),
        "unknown_images": len(strange),
        "unknown_called": float(called(far, ahead, fitted.unknown).mean()),
    }


def on_left_out(files: Sequence[Path], images: Images) -> dict[str, dict[str, float]]:
    """By the category that the checkpoint of each file was trained without. Raises DataError."""
    # All are checked before any is looked at, which takes minutes.
    checked = [without(file, images) for file in files]
    found = {}
    for source, code, table in checked:
        seen = looked_at(source, table).features
        is_strange = (table["code"] == code).to_numpy()
        found[code] = told_apart(seen.known(), seen.part(is_strange))
        log.info("%s left out: AUROC %.3f", code, found[code][IN_USE])
    return found


def without(file: Path, images: Images) -> tuple[Checkpoint, str, pd.DataFrame]:
    """A checkpoint, the category it was trained without, and the images it has not seen."""
    source = checkpoint.read(file)
    table = unseen(images, source.trained_on)
    codes = sorted(set(table["code"]) - set(source.classes) - {"UNK"})
    if len(codes) != 1:
        raise DataError(f"{file} was not trained with --leave-out.")
    lesions = table.loc[table["code"].isin(source.classes), "group"].nunique()
    if lesions < FEWEST_GROUPS:
        raise DataError(
            f"{file} has not seen {lesions} lesions of the categories it knows, and {FEWEST_GROUPS}"
            " are needed to compare with: train it with --hold-out."
        )
    return source, codes[0], table
