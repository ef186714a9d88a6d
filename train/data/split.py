"""Readable images -> training and validation, with no lesion or near-duplicate on both sides."""

import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from handlers.errors import Fault
from handlers.preprocess import decode
from train.data.duplicates import DECODED_SIZE, fingerprint, groups
from train.data.layouts import DataError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Split:
    """`inherited` are images that the starting weights have seen."""

    train: pd.DataFrame
    validation: pd.DataFrame
    inherited: tuple[str, ...] = ()

    def without(self, code: str | None) -> Self:
        """Both sides without the images of this category."""
        train, validation = (
            side.loc[side["code"] != code].reset_index(drop=True)
            for side in (self.train, self.validation)
        )
        return replace(self, train=train, validation=validation)

    @property
    def sha256(self) -> str:
        return self.hash_of(["image"])

    @property
    def labels_sha256(self) -> str:
        """Also of what is said of each image, which `sha256` leaves out."""
        return self.hash_of(["image", "code", "lesion"])

    def hash_of(self, columns: list[str]) -> str:
        sides = (("train", self.train), ("validation", self.validation))
        lines = sorted(
            ",".join([*row, side]) for side, table in sides for row in table[columns].to_numpy()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Without the images the service could not read either; they are listed.

    The others get a fingerprint, and by it their groups.
    """

    def read(path: str) -> tuple[str, str]:
        try:
            return fingerprint(decode(Path(path).read_bytes(), DECODED_SIZE)), ""
        except Fault as error:
            return "", str(error)
        # A link to nothing, a folder by such a name, a file that is another user's.
        except OSError as error:
            return "", f"It can't be opened: {error.strerror}."

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        fingerprints, faults = zip(*pool.map(read, table["path"]), strict=True)
    for path, text in zip(table["path"], faults, strict=True):
        if text:
            log.warning("skipped %s: %s", path, text)
    good = table.assign(fingerprint=fingerprints)
    good = good.loc[[not text for text in faults]].reset_index(drop=True)
    if good.empty:
        raise DataError(f"None of the {len(table)} images can be read.")
    return good.assign(group=groups(good["lesion"], good["fingerprint"]))


def split(table: pd.DataFrame, seed: int, hold_out: float = 0.2, fold: int = 0) -> Split:
    """The user's own Test folder if there is one, else a share of the groups, perhaps none.

    The folds of one seed and share are disjoint and together are the whole table.
    """
    if (table["side"] == "test").any():
        held_out = (table["side"] == "test").to_numpy()
        if held_out.all():
            raise DataError("There is no image to train on: Train is empty.")
    elif hold_out == 0:
        held_out = np.zeros(len(table), dtype=bool)
    else:
        held_out = by_group(table, seed, round(1 / hold_out), fold)
    train, validation = table.loc[~held_out], table.loc[held_out]
    if absent := sorted(set(validation["code"]) - set(train["code"])):
        log.warning("no training image of %s", ", ".join(absent))
    return Split(
        train=train.reset_index(drop=True),
        validation=validation.reset_index(drop=True),
    )


def by_group(table: pd.DataFrame, seed: int, parts: int, fold: int) -> np.ndarray:
    """A mask (len(table),) of about one part, with the categories' shares kept."""
    most = table.groupby("code")["group"].nunique().max()
    if most < parts:
        raise DataError(f"At least {parts} lesions are needed in one category for a hold-out.")
    folds = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    sides = folds.split(table, table["code"], groups=table["group"])
    _, validation = next(islice(sides, fold, None))
    mask = np.zeros(len(table), dtype=bool)
    mask[validation] = True
    return mask
