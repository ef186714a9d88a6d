"""How specific a model is where it finds 90 or 95 % of the melanomas, or of what is malignant."""

from dataclasses import dataclass

import numpy as np

from handlers.categories import CODES
from train.evaluation.inputs import MeasureError, check
from train.evaluation.intervals import DRAWS, Interval, lesion_draws, lesion_numbers, percentiles

# AK is a precursor, and counts as not malignant.
TARGETS = {"MEL": ("MEL",), "malignant": ("MEL", "BCC", "SCC")}
SENSITIVITIES = (0.90, 0.95)


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """Positive is a score of at least `threshold`; None where no image is truly positive.

    `specificity` is None as well where every image is.
    """

    threshold: float | None
    specificity: Interval | None


def operating_points(
    labels: np.ndarray, probabilities: np.ndarray, lesions: np.ndarray, seed: int = 0
) -> dict[str, dict[str, OperatingPoint]]:
    """By target, then by sensitivity ("0.90"), for labels (n,) and probabilities (n, 9) of CODES.

    A target's score is the sum of its categories' probabilities; lesions (n,) are names.
    """
    check(labels, probabilities)
    if probabilities.shape[1] != len(CODES):
        raise MeasureError(f"Probabilities need the {len(CODES)} columns {', '.join(CODES)}.")
    numbers = lesion_numbers(labels, lesions)
    points = {}
    for target, codes in TARGETS.items():
        columns = [CODES.index(code) for code in codes]
        true, scores = np.isin(labels, columns), probabilities[:, columns].sum(axis=1)
        points[target] = {
            f"{sensitivity:.2f}": operating_point(true, scores, numbers, sensitivity, seed)
            for sensitivity in SENSITIVITIES
        }
    return points


def operating_point(
    true: np.ndarray, scores: np.ndarray, numbers: np.ndarray, sensitivity: float, seed: int
) -> OperatingPoint:
    """The largest threshold on scores (n,) that keeps sensitivity (in 0..1), and specificity there.

    The bootstrap over the lesions' numbers (n,) chooses the threshold anew in each draw; a draw
    without true (n,) images, or without others, says nothing and is left out.
    """
    if not true.any():
        return OperatingPoint(threshold=None, specificity=None)
    order = np.argsort(-scores)
    true, scores, numbers = true[order], scores[order], numbers[order]
    # Equal scores are positive together, so a threshold stands only where a run of them ends.
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    once = np.ones(len(true))
    threshold = float(scores[ends[reached(true, ends, once, sensitivity)]])
    if true.all():
        return OperatingPoint(threshold=threshold, specificity=None)
    samples = [
        specificity(true, ends, weights, sensitivity)
        for times in lesion_draws(int(numbers.max()) + 1, seed, DRAWS)
        if (weights := times[numbers])[true].any() and weights[~true].any()
    ]
    value = specificity(true, ends, once, sensitivity)
    return OperatingPoint(threshold=threshold, specificity=percentiles(value, np.array(samples)))


def reached(true: np.ndarray, ends: np.ndarray, weights: np.ndarray, sensitivity: float) -> int:
    """Which of the ends is the first at which enough of the true images' weight is found."""
    found = np.cumsum(weights * true)[ends]
    return int((found / found[-1] >= sensitivity).argmax())


def specificity(
    true: np.ndarray, ends: np.ndarray, weights: np.ndarray, sensitivity: float
) -> float:
    alarms = np.cumsum(weights * ~true)[ends]
    at = reached(true, ends, weights, sensitivity)
    return float((alarms[-1] - alarms[at]) / alarms[-1])
