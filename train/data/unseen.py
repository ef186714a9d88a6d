"""The images that may be counted: readable ones that the model knows nothing of."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from train.data.layouts import DataError, read
from train.data.split import Split, readable

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """`table` holds what may be counted; `siblings` share a lesion or are near-duplicates."""

    table: pd.DataFrame
    given: int
    unreadable: tuple[str, ...]
    trained_on: int
    siblings: int


@dataclass(frozen=True, kw_only=True)
class Images:
    """All images of a folder, `given`, and the readable ones; read once, however many models there
    are to be asked."""

    folder: Path
    given: pd.DataFrame
    table: pd.DataFrame

    @classmethod
    def of(cls, folder: Path) -> Self:
        given = read(folder)
        return cls(folder=folder, given=given, table=readable(given))


def unseen(images: Images, trained_on: tuple[str, ...]) -> Unseen:
    """Raises DataError if no image is left."""
    given, table = images.given, images.table
    known = table["image"].isin(trained_on)
    # By the table as it was given too: a training image may be unreadable here, not its sibling.
    lesions = set(given.loc[given["image"].isin(trained_on), "lesion"])
    groups = set(table.loc[known | table["lesion"].isin(lesions), "group"])
    sibling = table["group"].isin(groups) & ~known
    if known.any() or sibling.any():
        log.warning(
            "LEFT OUT: %d of %d images, as the model was trained on %d of them, and %d show the"
            " same lesions or are near-duplicates",
            int((known | sibling).sum()),
            len(given),
            int(known.sum()),
            int(sibling.sum()),
        )
    left = table.loc[~known & ~sibling].reset_index(drop=True)
    if left.empty:
        raise DataError(
            f"The model was trained on every image or lesion in {images.folder}: name --data it has"
            " not seen."
        )
    return Unseen(
        table=left,
        given=len(given),
        unreadable=tuple(sorted(set(given["image"]) - set(table["image"]))),
        trained_on=int(known.sum()),
        siblings=int(sibling.sum()),
    )


def is_the_validation(
    images: pd.Series, trained_on: tuple[str, ...], training: dict[str, str | int | float]
) -> bool:
    """Whether these are the very images that the training run held out."""
    parts = Split(
        train=pd.DataFrame({"image": trained_on}),
        validation=pd.DataFrame({"image": images}),
        leaked_by_random=0,
    )
    return parts.sha256 == training.get("split_sha256")
