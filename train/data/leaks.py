"""What training knows of the held-out images: lesions and near-duplicates on both sides."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from train.data.duplicates import NEAR, distance, words
from train.data.split import Split
from train.writable import write_whole

log = logging.getLogger(__name__)

PAIRS = "leaked_pairs.csv"
COLUMNS = ["train_image", "test_image", "distance", "reason"]


@dataclass(frozen=True, kw_only=True)
class Leaks:
    """`lesions` and `groups` are on both sides; the next two are what a random split would have
    done. Of `lesions_named` images the data says which lesion they show.
    """

    lesions: int
    groups: int
    lesions_by_random: int
    share_by_random: float
    lesions_named: int

    def as_numbers(self) -> dict[str, int | float]:
        """As a run logs them and its checkpoint has them."""
        numbers = {f"leaked_{name}": value for name, value in vars(self).items()}
        return numbers | {"lesions_named": numbers.pop("leaked_lesions_named")}


def check(parts: Split, folder: Path) -> Leaks:
    """The report; what leaked is told aloud and listed in `folder`, and is the user's to mend."""
    leaks = report(parts)
    log.info(
        "%d lesions and %d groups of near-duplicates on both sides; a random split would have"
        " leaked %d lesions, into %.0f %% of the held-out images",
        leaks.lesions,
        leaks.groups,
        leaks.lesions_by_random,
        100 * leaks.share_by_random,
    )
    if not leaks.lesions_named:
        log.warning(
            "the data names no lesions (class folders can't; the CSVs do): each image counts as"
            " one, and of one lesion's pictures only near-duplicates are kept on one side"
        )
    if leaks.lesions or leaks.groups:
        pairs = leaked_pairs(parts)
        write_pairs(folder / PAIRS, pairs)
        log.error(
            "%d of %d held-out images are in training too, as the same lesion or a near-duplicate:"
            " scores on them are too good (%d pairs in %s)",
            pairs["test_image"].nunique(),
            len(parts.validation),
            len(pairs),
            folder / PAIRS,
        )
    return leaks


def report(parts: Split) -> Leaks:
    train, held_out = parts.train, parts.validation
    lesions = pd.concat([train["lesion"], held_out["lesion"]])
    by_random = at_random(len(lesions), len(held_out), seed=0)
    return Leaks(
        lesions=len(set(train["lesion"]) & set(held_out["lesion"])),
        groups=len(set(train["group"]) & set(held_out["group"])),
        lesions_by_random=on_both_sides(lesions, by_random),
        share_by_random=leaked_share(lesions, by_random),
        lesions_named=sum(
            int((side["lesion"] != side["image"]).sum()) for side in (train, held_out)
        ),
    )


def at_random(images: int, held_out: int, seed: int) -> np.ndarray:
    """A mask (images,) of those that a random split would hold out."""
    return np.random.default_rng(seed).permutation(images) < held_out


def on_both_sides(lesions: pd.Series, held_out: np.ndarray) -> int:
    return len(set(lesions[held_out]) & set(lesions[~held_out]))


def leaked_share(lesions: pd.Series, held_out: np.ndarray) -> float:
    """Of the held-out images, the share with a sibling of its lesion in training.

    `lesions` (n,) are names, one an image, `held_out` (n,) is a mask. All held-out images count
    below the line, those without a lesion (NaN) too, which have no sibling. 0 where nothing is
    held out.
    """
    if not held_out.any():
        return 0.0
    return float(lesions[held_out].isin(lesions[~held_out].dropna()).mean())


def leaked_pairs(parts: Split) -> pd.DataFrame:
    """Each pair of a training and a held-out image that share a lesion or are near-duplicates.

    Columns train_image, test_image, distance (bits between the fingerprints) and reason.
    """
    columns = ["image", "lesion", "group", "fingerprint"]
    pairs = parts.train[columns].merge(
        parts.validation[columns], on="group", suffixes=("_train", "_test")
    )
    bits = distance(words(pairs["fingerprint_train"]), words(pairs["fingerprint_test"]))
    lesion, near = pairs["lesion_train"] == pairs["lesion_test"], bits <= NEAR
    pairs = pairs.assign(
        distance=bits,
        reason=np.select(
            [lesion & near, lesion, near],
            ["same lesion and near-duplicate", "same lesion", "near-duplicate"],
            default="",
        ),
    )
    # Two of a group may be linked through a third only.
    pairs = pairs.loc[pairs["reason"] != ""].sort_values("distance", kind="stable")
    pairs = pairs.rename(columns={"image_train": "train_image", "image_test": "test_image"})
    return pairs[COLUMNS].reset_index(drop=True)


def write_pairs(path: Path, pairs: pd.DataFrame) -> None:
    write_whole(path, pairs.to_csv(index=False).encode())
