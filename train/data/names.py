"""Names of images: which are the ISIC Archive's, so that one is known wherever it lies."""

import hashlib
import re
from collections.abc import Collection, Iterable

import pandas as pd

# Also in ISIC_0000002_downsampled, as ISIC 2019's own files are called, and in Train/NV/ISIC_….jpg.
ARCHIVE = re.compile(r"(?<![^/])ISIC_(\d{7})(?!\d)")
# The last of ISIC 2019's training images; later challenges' ids go far beyond.
LAST_OF_2019 = 73254


def archive_id(image: str) -> str | None:
    found = ARCHIVE.search(image)
    return None if found is None else found[0]


def identities(images: Collection[str]) -> set[str]:
    """The archive's ids where the names hold them, else the names."""
    return {archive_id(image) or image for image in images}


def sha256_of(images: Iterable[str]) -> str:
    """Of a list of names, in whatever order."""
    return hashlib.sha256("\n".join(sorted(images)).encode()).hexdigest()


def among(images: pd.Series, known: Collection[str]) -> pd.Series:
    """Which of the images are those of `known` names, under this or another file's name."""
    return images.map(lambda image: archive_id(image) or image).isin(identities(known))


def are_isic2019(images: Collection[str]) -> bool:
    """Whether all go by ids of ISIC 2019's training images; False for none."""
    ids = [archive_id(image) for image in images]
    return bool(ids) and all(
        one is not None and int(one.removeprefix("ISIC_")) <= LAST_OF_2019 for one in ids
    )
