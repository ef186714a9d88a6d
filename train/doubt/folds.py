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
        if recipe(other) != recipe(source):
            raise DataError(
                f"{file} was not trained as the checkpoint was but for --fold: {recipe(other)[-1]}."
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


def recipe(of: Checkpoint) -> tuple[object, ...]:
    command = re.sub(r" --fold \d+", "", str(of.training.get("command", "not known how")))
    return of.architecture, of.classes, of.image_size, command
