"""The ISIC challenge's scores of a classification, one against the rest and overall.

The definitions are those of isic-challenge-scoring 5.6.0, which the tests compare with; where it
fails, for a category with no true image or only true ones, what is 0/0 is None.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from sklearn.metrics import auc, average_precision_score, roc_curve

from train.evaluation.inputs import check

THRESHOLD = 0.5
SENSITIVITY = 0.8
UNDECIDED = -1


@dataclass(frozen=True, kw_only=True)
class CategoryScores:
    """One category against the rest; None is undefined. `images` are those truly of it."""

    images: int
    auc: float | None
    average_precision: float | None
    auc_sens_80: float | None
    sensitivity: float | None
    specificity: float | None
    accuracy: float | None
    f1: float | None
    ppv: float | None
    npv: float | None
    dice: float | None


METRICS = tuple(field.name for field in fields(CategoryScores) if field.name != "images")


def answers(probabilities: np.ndarray) -> np.ndarray:
    """(n, c) -> (n,): the column of a row's largest value, UNDECIDED where several are largest.

    The challenge's rule: who does not decide is wrong, whichever category is true.
    """
    largest = probabilities.max(axis=1, keepdims=True)
    decided = (probabilities == largest).sum(axis=1) == 1
    return np.where(decided, probabilities.argmax(axis=1), UNDECIDED)


def found(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(n,) Whether the answer of probabilities (n, c) is the label (n,)."""
    check(labels, probabilities)
    right: np.ndarray = labels == answers(probabilities)
    return right


def mean_recall(labels: np.ndarray, found: np.ndarray) -> float:
    """Of labels (n,) and what share of each image (n,) was found, over the categories that occur:
    balanced accuracy, where that is whether the answer is right."""
    images = np.bincount(labels)
    hits = np.bincount(labels, weights=found)
    occurring = images > 0
    return float((hits[occurring] / images[occurring]).mean())


def per_category(labels: np.ndarray, probabilities: np.ndarray) -> tuple[CategoryScores, ...]:
    """The scores of each of the c columns of probabilities (n, c) for labels (n,)."""
    check(labels, probabilities)
    return tuple(
        one_against_rest(labels == column, probabilities[:, column])
        for column in range(probabilities.shape[1])
    )


def macro(scores: Sequence[CategoryScores]) -> dict[str, float | None]:
    """Each metric's mean over the categories that occur, those left out where it is undefined."""
    occurring = [score for score in scores if score.images]
    means: dict[str, float | None] = {}
    for metric in METRICS:
        defined = [value for score in occurring if (value := getattr(score, metric)) is not None]
        means[metric] = float(np.mean(defined)) if defined else None
    return means


def one_against_rest(true: np.ndarray, scores: np.ndarray) -> CategoryScores:
    """Scores (n,) of images that are truly of the category or not (n,); positive is above 0.5."""
    positive = scores > THRESHOLD
    tp, fp = int((true & positive).sum()), int((~true & positive).sum())
    fn, tn = int((true & ~positive).sum()), int((~true & ~positive).sum())
    both = tp + fn > 0 and tn + fp > 0
    # The challenge gives a predictive value of 1 to who never predicts the category, or its rest.
    unpredicted = 1.0 if both else None
    # Dice's coefficient of two sets of images is the F1 of one as prediction of the other.
    dice = ratio(2 * tp, 2 * tp + fp + fn)
    areas = curve_areas(true, scores) if both else (None, None)
    return CategoryScores(
        images=tp + fn,
        auc=areas[0],
        average_precision=float(average_precision_score(true, scores)) if tp + fn else None,
        auc_sens_80=areas[1],
        sensitivity=ratio(tp, tp + fn),
        specificity=ratio(tn, tn + fp),
        accuracy=ratio(tp + tn, len(true)),
        f1=dice,
        ppv=ratio(tp, tp + fp, unpredicted),
        npv=ratio(tn, tn + fn, unpredicted),
        dice=dice,
    )


def curve_areas(true: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """The area under the ROC curve, and that right of where sensitivity reaches 80 %.

    The second is not normalised: 1 for a perfect order, 0.18 for none at all.
    """
    fp_rates, tp_rates, _ = roc_curve(true, scores, drop_intermediate=False)
    first = int(tp_rates.searchsorted(SENSITIVITY))
    around = slice(first - 1, first + 1)
    start = np.interp(SENSITIVITY, tp_rates[around], fp_rates[around])
    right = auc([start, *fp_rates[first:]], [SENSITIVITY, *tp_rates[first:]])
    return float(auc(fp_rates, tp_rates)), float(right)


def ratio(part: int, whole: int, otherwise: float | None = None) -> float | None:
    return part / whole if whole else otherwise
