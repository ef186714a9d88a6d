"""How far a model's confidence is from how often it is right."""

from dataclasses import dataclass

import numpy as np

from train.evaluation.inputs import check
from train.evaluation.scores import answers

BINS = 15


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Images whose confidence is above `low` and at most `high`; None where there is no image."""

    low: float
    high: float
    images: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class Calibration:
    ece: float
    bins: tuple[Bin, ...]


def calibration(labels: np.ndarray, probabilities: np.ndarray) -> Calibration:
    """Expected calibration error of probabilities (n, c) for labels (n,), in 15 equal-width bins.

    Confidence is a row's largest probability; the gap between its mean and the accuracy is
    averaged over the bins by their images (Guo et al. 2017, arXiv:1706.04599, eq. 3).
    """
    check(labels, probabilities)
    confidences = probabilities.max(axis=1).astype(np.float64)
    right = labels == answers(probabilities)
    edges = np.linspace(0, 1, BINS + 1)
    # A confidence a little above 1, from rounding, belongs to the last bin.
    places = np.minimum(np.searchsorted(edges, confidences) - 1, BINS - 1)
    images = np.bincount(places, minlength=BINS)
    confident = np.bincount(places, weights=confidences, minlength=BINS)
    correct = np.bincount(places, weights=right, minlength=BINS)
    bins = tuple(
        Bin(
            low=float(edges[place]),
            high=float(edges[place + 1]),
            images=int(count),
            confidence=float(confident[place] / count) if count else None,
            accuracy=float(correct[place] / count) if count else None,
        )
        for place, count in enumerate(images)
    )
    return Calibration(ece=float(np.abs(confident - correct).sum() / len(labels)), bins=bins)
