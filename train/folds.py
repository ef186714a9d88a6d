"""Other models of a checkpoint's recipe, each trained without another part of the images: together
they answer every image as one that was not trained on it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from train import checkpoint
from train.checkpoint import Checkpoint
from train.data.layouts import DataError
from train.data.unseen import Images, unseen

# Where the images lie is no part of the recipe: they are known by their names.
NOT_OF_THE_RECIPE = ("--fold", "--hold-out", "--keep", "--data")


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A model of the recipe and the images that it answers for, none of which it has seen."""

    file: Path
    source: Checkpoint
    table: pd.DataFrame


def others(source: Checkpoint, own: set[str], files: Sequence[Path], images: Images) -> list[Fold]:
    """Each answers for the images that it has not seen and that none before it answers for.

    `own` are the names of those that `source` answers for. Raises DataError for a checkpoint of
    another recipe, or for which no image is left.
    """
    found, answered = [], set(own)
    for file in files:
        other = checkpoint.read(file)
        if difference := difference_of(other, source):
            raise DataError(
                f"{file} was not trained as the checkpoint was but for --fold and --hold-out:"
                f" {difference}."
            )
        table = unseen(images, other.trained_on)
        table = table.loc[~table["image"].isin(answered)].reset_index(drop=True)
        if table.empty:
            raise DataError(
                f"{file} was trained on all images that those before it were trained on: name one"
                " checkpoint for each --fold, and each once."
            )
        answered |= set(table["image"])
        found.append(Fold(file=file, source=replace(other, views=source.views), table=table))
    return found


def difference_of(other: Checkpoint, source: Checkpoint) -> str:
    """What of the recipe is another, in words; empty if none is."""
    if recipe(other) != recipe(source):
        pairs = zip(recipe(other), recipe(source), strict=True)
        return ", ".join(f"{its}, not {ours}" for its, ours in pairs if its != ours)
    kept = {of.training.get("keep", "best") for of in (other, source)}
    # Each that keeps its best may have it in another epoch: how to choose is the recipe.
    if kept != {"best"} and epochs(other) != epochs(source):
        return f"its weights are of epoch {epochs(other)}, the checkpoint's of {epochs(source)}"
    return ""


def recipe(of: Checkpoint) -> tuple[str, tuple[str, ...], int, str]:
    words = shlex.split(str(of.training.get("command", "not known how")))
    flags = {place for place, word in enumerate(words) if word in NOT_OF_THE_RECIPE}
    # Each of them goes with its value.
    dropped = flags | {place + 1 for place in flags}
    command = shlex.join(word for place, word in enumerate(words) if place not in dropped)
    return of.architecture, of.classes, of.image_size, command


def epochs(of: Checkpoint) -> object:
    return of.training.get("epoch", "unknown")
