"""Prediction sets: by split conformal prediction, for each category apart."""

from collections.abc import Callable

import numpy as np

Scores = Callable[[np.ndarray], np.ndarray]


def lac(shares: np.ndarray) -> np.ndarray:
    """How odd each category would be, (n, c): 1 - its share (Sadinle et al. 2019)."""
    return 1 - shares


def aps(shares: np.ndarray) -> np.ndarray:
    """The shares of all more probable ones and half its own (Romano et al. 2020)."""
    order = np.argsort(-shares, axis=1)
    ranked = np.take_along_axis(shares, order, axis=1)
    scores = np.empty_like(ranked)
    np.put_along_axis(scores, order, ranked.cumsum(axis=1) - ranked / 2, axis=1)
    return scores


def raps(shares: np.ndarray, penalty: float = 0.05, free: int = 1) -> np.ndarray:
    """APS with a penalty for each rank after the first `free` (Angelopoulos et al. 2021)."""
    ranks = np.argsort(np.argsort(-shares, axis=1), axis=1) + 1
    return aps(shares) + penalty * np.maximum(0, ranks - free)


def limits(scores: np.ndarray, labels: np.ndarray, coverage: float) -> np.ndarray:
    """(c,) The largest score that keeps a category in the set, for scores (n, c), labels (n,).

    Between the two order statistics around coverage * (n + 1), so that a category of few images is
    covered as often as it says, not more; infinite where it has too few for that.
    """
    found = np.full(scores.shape[1], np.inf)
    for label in range(scores.shape[1]):
        own = np.sort(scores[labels == label, label])
        place = coverage * (len(own) + 1) - 1
        if 0 <= place <= len(own) - 1:
            found[label] = np.interp(place, np.arange(len(own)), own)
    return found


def sets(shares: np.ndarray, scores: np.ndarray, most: np.ndarray) -> np.ndarray:
    """(n, c) Whether a category is in the set; the most probable one always is."""
    within: np.ndarray = scores <= most
    within[np.arange(len(within)), shares.argmax(axis=1)] = True
    return within
