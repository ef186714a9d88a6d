"""What starting weights have seen: a model made from them has seen it too."""

from pathlib import Path

import pandas as pd

from train.checkpoint import trained_on
from train.config import ConfigError, TrainConfig
from train.data.split import Split
from train.data.unseen import Images, known_and_siblings

NAMED_AT_MOST = 3


def seen_by(init: str) -> tuple[str, ...]:
    """The images that a checkpoint of ours names; of other weights none is known."""
    return () if init in ("imagenet", "none") else trained_on(Path(init))


def seen_in_all(parts: Split) -> tuple[str, ...]:
    """The images of a training run, and after them what its starting weights had seen."""
    return tuple(dict.fromkeys([*parts.train["image"], *parts.inherited]))


def check_held_out(parts: Split, images: Images, config: TrainConfig) -> None:
    """Raises ConfigError where lesions that the starting weights have seen are held out."""
    known, sibling = known_and_siblings(images, parts.inherited)
    seen = images.table.loc[known | sibling, "image"]
    held_out = parts.validation
    # What training shares with a Test folder is told as a leak, whatever it starts from.
    shared = held_out["group"].isin(parts.train["group"])
    found = held_out.loc[held_out["image"].isin(seen) & ~shared, "image"]
    if found.empty:
        return
    mend = "give the --hold-out, --fold and --seed that it was trained with, or --hold-out 0"
    if (images.table["side"] == "test").any():
        mend = "take them out of Test"
    raise ConfigError(
        f"{config.init} was trained on {len(found)} of {len(held_out)} held-out images, or on"
        f" others of their lesions or near-duplicates ({named(found)}): scores on them would be"
        " too good."
        f" Start from other weights (--init), or {mend}."
    )


def named(images: pd.Series) -> str:
    return ", ".join(images[:NAMED_AT_MOST]) + (", …" if len(images) > NAMED_AT_MOST else "")
