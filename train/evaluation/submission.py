"""Predictions in the format of ISIC's challenges, which its own scorer accepts."""

from pathlib import Path, PurePath

import numpy as np
import pandas as pd

from handlers.categories import CODES
from train.data.files import SUFFIXES


def submission(images: pd.Series, probabilities: np.ndarray) -> pd.DataFrame:
    """Columns image, MEL, …, UNK, a row an image, from names (n,) and probabilities (n, 9).

    The rules are those of isic-challenge-scoring: names without extension and without repetition,
    floating-point values from 0 to 1, none missing. Raises ValueError for other values.
    """
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all()):
        raise ValueError("A probability is missing or negative.")
    # A sum of shares may be one rounding over 1, which the scorer refuses.
    values = np.minimum(probabilities.astype(np.float64), 1.0)
    table = pd.DataFrame(values, columns=list(CODES))
    table.insert(0, "image", names(images).to_numpy())
    return table


def names(images: pd.Series) -> pd.Series:
    """Without extension, unless two would then be one: `a.jpg` and `a.png` keep theirs, and so
    `a.jpg.png` does, which would be the first of them."""
    bare = images.map(without_extension)
    return images.where(bare.duplicated(keep=False) | bare.isin(images), bare)


def without_extension(image: str) -> str:
    path = PurePath(image)
    return str(path.with_suffix("")) if path.suffix.lower() in SUFFIXES else image


def write(file: Path, images: pd.Series, probabilities: np.ndarray) -> None:
    submission(images, probabilities).to_csv(file, index=False)
