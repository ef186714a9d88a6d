"""The images that may be counted: readable ones that the model knows nothing of."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from train.data.layouts import DataError, listed, present
from train.data.names import among
from train.data.split import Split, readable

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Images:
    """All images that a folder's tables name, `listed`, those of them that are there, `given`, and
    the readable ones; read once, however many models there are to be asked."""

    folder: Path
    listed: pd.DataFrame
    given: pd.DataFrame
    table: pd.DataFrame

    @classmethod
    def of(cls, folder: Path, named: pd.DataFrame | None = None) -> Self:
        """`named` is what `listed` says of the folder, where it was asked already."""
        named = listed(folder) if named is None else named
        given = present(named, folder)
        return cls(folder=folder, listed=named, given=given, table=readable(given))


def unseen(images: Images, trained_on: tuple[str, ...]) -> pd.DataFrame:
    """The rows that may be counted: of no training image, of none that shows the lesion of one, or
    is a near-duplicate. Raises DataError if no image is left."""
    table = images.table
    known, sibling = known_and_siblings(images, trained_on)
    if known.any() or sibling.any():
        log.warning(
            "LEFT OUT: %d of %d images, as the model was trained on %d of them, and %d show the"
            " same lesions or are near-duplicates",
            int((known | sibling).sum()),
            len(images.given),
            int(known.sum()),
            int(sibling.sum()),
        )
    if known.any() and not names_lesions(images.listed):
        log.warning(
            "the data names no lesions: other pictures of a lesion that the model was trained on"
            " are counted, where they are no near-duplicates"
        )
    left: pd.DataFrame = table.loc[~known & ~sibling].reset_index(drop=True)
    if left.empty:
        raise DataError(
            f"The model was trained on every image or lesion in {images.folder}: name --data it has"
            " not seen."
        )
    return left


def strangers(
    unknown: pd.DataFrame, folder: Path, names: Collection[str], paths: pd.Series
) -> pd.DataFrame:
    """Of images below a folder that show none of the categories, those that no model was trained
    on: it knows its images by `names`, and the same file below another folder by `paths`. Raises
    DataError if that is nothing."""
    known = among(unknown["image"], names) | unknown["path"].isin(paths)
    if known.all():
        raise DataError(f"Every image in {folder} was trained on: name others.")
    if known.any():
        log.warning("LEFT OUT: %d of %d images in %s, trained on", known.sum(), len(known), folder)
    return unknown.loc[~known].reset_index(drop=True)


def known_and_siblings(images: Images, trained_on: tuple[str, ...]) -> tuple[pd.Series, pd.Series]:
    """Which rows of the table are training images, and which others show the lesion of one or are
    near-duplicates."""
    table = images.table
    known = among(table["image"], trained_on)
    # By all that are listed: a training image may be absent or unreadable here, not its sibling.
    lesions = set(images.listed.loc[among(images.listed["image"], trained_on), "lesion"])
    groups = set(table.loc[known | table["lesion"].isin(lesions), "group"])
    return known, table["group"].isin(groups) & ~known


def names_lesions(table: pd.DataFrame) -> bool:
    return bool((table["lesion"] != table["image"]).any())


def left_out(images: Images, counted: pd.Series, trained_on: tuple[str, ...]) -> dict[str, Any]:
    """Why images are not among those `counted`, of which there are names: how many the model was
    trained on, how many are siblings of these, and the names of what can't be read."""
    readable_ones = images.table["image"]
    others = readable_ones[~readable_ones.isin(counted)]
    known = int(among(others, trained_on).sum())
    return {
        "of": len(images.given),
        "training_images_known": len(trained_on),
        "trained_on": known,
        "siblings": len(others) - known,
        "lesions_named": names_lesions(images.listed),
        "unreadable": sorted(set(images.given["image"]) - set(readable_ones)),
    }


def is_the_validation(
    images: pd.Series, trained_on: tuple[str, ...], training: dict[str, str | int | float]
) -> bool:
    """Whether these are the very images that the training run held out."""
    # After the run's own come those of the weights that it started from.
    own = trained_on[: int(training.get("training_images", len(trained_on)))]
    parts = Split(
        train=pd.DataFrame({"image": own}),
        validation=pd.DataFrame({"image": images}),
    )
    return parts.sha256 == training.get("split_sha256")
