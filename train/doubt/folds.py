"""Other models of a checkpoint's recipe, each trained without another part of the images: together
they answer every image as one that was not trained on it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from train import checkpoint
from train.checkpoint import Checkpoint
from train.data.layouts import DataError
from train.data.unseen import Images, unseen
from train.doubt.fitting import Seen, looked_at


def others_seen(
    source: Checkpoint, own: set[str], files: Sequence[Path], images: Images
) -> list[Seen]:
    """What the checkpoint of each file makes of the images that it, and it alone, has not seen.

    `own` are the names of those that `source` has not seen. Raises DataError for a checkpoint of
    another recipe, or one whose images are another's too: they would count twice.
    """
    found, counted = [], set(own)
    for file in files:
        other = checkpoint.read(file)
        if difference := difference_of(other, source):
            raise DataError(
                f"{file} was not trained as the checkpoint was but for --fold: {difference}."
            )
        table = unseen(images, other.trained_on).table
        if twice := sorted(counted & set(table["image"])):
            raise DataError(
                f"{file} has not seen {len(twice)} images that another has not seen either"
                f" ({twice[0]}, …): name one checkpoint for each --fold of one --hold-out."
            )
        counted |= set(table["image"])
        found.append(looked_at(replace(other, views=source.views), table))
    return found


def difference_of(other: Checkpoint, source: Checkpoint) -> str:
    """What of the recipe is another, in words; empty if none is."""
    if recipe(other) != recipe(source):
        return recipe(other)[-1]
    kept = {of.training.get("keep", "best") for of in (other, source)}
    # Each that keeps its best may have it in another epoch: how to choose is the recipe.
    if kept != {"best"} and epochs(other) != epochs(source):
        return f"its weights are of epoch {epochs(other)}, the checkpoint's of {epochs(source)}"
    return ""


def recipe(of: Checkpoint) -> tuple[str, tuple[str, ...], int, str]:
    command = str(of.training.get("command", "not known how"))
    return of.architecture, of.classes, of.image_size, re.sub(r" --(fold|keep) \w+", "", command)


def epochs(of: Checkpoint) -> object:
    return of.training.get("epoch", "unknown")
