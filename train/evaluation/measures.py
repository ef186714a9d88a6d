"""All that is measured of a model, as metrics.json holds it."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from handlers.categories import CODES
from train.evaluation.calibration import calibration
from train.evaluation.intervals import balanced_accuracy_interval
from train.evaluation.operating import operating_points
from train.evaluation.scores import UNDECIDED, answers, macro, per_category
from train.evaluation.subgroups import subgroups
from train.metrics import confusion_matrix


def measure(
    labels: np.ndarray, probabilities: np.ndarray, table: pd.DataFrame, seed: int = 0
) -> dict[str, Any]:
    """Measures of probabilities (n, 9) for labels (n,), both in the order of CODES.

    The table's n rows say group (a lesion, with those that have near-duplicates of its pictures),
    age, sex and site of the same images. What comes back is JSON of plain numbers, None where a
    value is undefined; raises MeasureError. `undecided` images, whose largest probability two
    categories share, are in no column of the confusion (rows true).
    `balanced_accuracy_of_known` is that of the most probable category but UNK, where no image is
    UNK: what calling some of them so costs.
    """
    groups = subgroups(labels, probabilities, table, seed)
    lesions = table["group"].to_numpy()
    points = operating_points(labels, probabilities, lesions, seed)
    scores = per_category(labels, probabilities)
    confidence = calibration(labels, probabilities)
    answered = answers(probabilities)
    decided = answered != UNDECIDED
    return {
        "images": len(labels),
        "lesions": len(set(lesions)),
        "undecided": int((~decided).sum()),
        "balanced_accuracy": asdict(
            balanced_accuracy_interval(labels, probabilities, lesions, seed)
        ),
        "balanced_accuracy_of_known": asdict(
            balanced_accuracy_interval(
                labels, without_unknown(labels, probabilities), lesions, seed
            )
        ),
        "per_class": {code: asdict(score) for code, score in zip(CODES, scores, strict=True)},
        "macro": macro(scores),
        "operating_points": {
            target: {sensitivity: asdict(point) for sensitivity, point in by.items()}
            for target, by in points.items()
        },
        "calibration": {"ece": confidence.ece, "bins": [asdict(one) for one in confidence.bins]},
        "subgroups": {by: [asdict(group) for group in divided] for by, divided in groups.items()},
        "confusion": confusion_matrix(labels[decided], answered[decided], len(CODES)).tolist(),
    }


def without_unknown(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """With no share for UNK, unless an image is that."""
    unknown = CODES.index("UNK")
    if (labels == unknown).any():
        return probabilities
    known = probabilities.copy()
    known[:, unknown] = 0
    shares: np.ndarray = known / known.sum(axis=1, keepdims=True)
    return shares
