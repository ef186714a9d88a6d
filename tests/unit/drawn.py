"""Answers that are as sure as they are right."""

import numpy as np
from scipy.special import softmax

from handlers.categories import WITHOUT_UNKNOWN

CLASSES = len(WITHOUT_UNKNOWN)


def drawn(n: int, seed: int = 0, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, 8), and labels (n,) drawn from their softmax."""
    rng = np.random.default_rng(seed)
    logits = sharpness * rng.normal(size=(n, CLASSES))
    return logits, labels_of(softmax(logits, axis=1), rng)


def labels_of(shares: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """(n,) Drawn from shares (n, c)."""
    chance = (rng or np.random.default_rng(2)).random((len(shares), 1))
    labels: np.ndarray = (shares.cumsum(axis=1) > chance).argmax(axis=1)
    return labels
