"""Thresholds against a search through all of them."""

import numpy as np
import pytest

from handlers.categories import CODES
from train.evaluation.inputs import MeasureError
from train.evaluation.intervals import DRAWS, PERCENTILES, lesion_draws
from train.evaluation.operating import OperatingPoint, operating_point, operating_points


def searched(true: np.ndarray, scores: np.ndarray, sensitivity: float) -> tuple[float, float]:
    """The largest of the scores that finds enough if it is the threshold; specificity there."""
    threshold = max(
        score for score in scores if (scores[true] >= score).sum() / true.sum() >= sensitivity
    )
    return threshold, (scores[~true] < threshold).sum() / (~true).sum()


def random_scores(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, scores with many ties and lesions of 60 images."""
    rng = np.random.default_rng(seed)
    true = rng.random(60) < 0.3
    scores = (rng.random(60) * 0.7 + true * 0.3).round(int(rng.integers(1, 4)))
    return true, scores, np.unique(rng.integers(30, size=60), return_inverse=True)[1]


def row(**probabilities: float) -> list[float]:
    return [probabilities.get(code, 0.0) for code in CODES]


@pytest.mark.parametrize("sensitivity", [0.5, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("seed", range(30))
def test_the_threshold_is_the_largest_that_keeps_the_sensitivity(
    seed: int, sensitivity: float
) -> None:
    true, scores, lesions = random_scores(seed)

    point = operating_point(true, scores, lesions, sensitivity, 0)

    threshold, specificity = searched(true, scores, sensitivity)
    assert point.threshold == threshold
    assert point.specificity is not None
    assert point.specificity.value == pytest.approx(specificity, abs=1e-12)


def test_each_draw_of_lesions_chooses_its_own_threshold() -> None:
    true, scores, lesions = random_scores(0)

    point = operating_point(true, scores, lesions, 0.9, 5)

    samples = []
    for times in lesion_draws(int(lesions.max()) + 1, 5, DRAWS):
        again = np.repeat(np.arange(60), times[lesions].astype(int))
        samples.append(searched(true[again], scores[again], 0.9)[1])
    assert point.specificity is not None
    assert (point.specificity.low, point.specificity.high) == pytest.approx(
        np.percentile(samples, PERCENTILES), abs=1e-12
    )


def test_nine_of_ten_found_are_ninety_percent() -> None:
    true = np.array([True] * 10 + [False] * 2)
    scores = np.array([1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.1, 0.3, 0.6])

    point = operating_point(true, scores, np.arange(12), 0.9, 0)

    assert point.threshold == 0.6
    assert point.specificity is not None
    assert point.specificity.value == 0.5


def test_malignant_is_melanoma_and_both_carcinomas_but_no_keratosis() -> None:
    probabilities = np.array(
        [
            row(MEL=0.5, BCC=0.2, NV=0.3),
            row(SCC=0.4, BCC=0.4, AK=0.2),
            row(BCC=0.6, NV=0.4),
            row(AK=1.0),
            row(MEL=0.65, NV=0.35),
        ]
    )
    labels = np.array([CODES.index(code) for code in ("MEL", "SCC", "BCC", "AK", "NV")])

    points = operating_points(labels, probabilities, np.arange(5))

    assert {target: list(by) for target, by in points.items()} == {
        "MEL": ["0.90", "0.95"],
        "malignant": ["0.90", "0.95"],
    }
    melanoma, malignant = points["MEL"]["0.95"], points["malignant"]["0.95"]
    assert (melanoma.threshold, malignant.threshold) == pytest.approx((0.5, 0.6))
    assert melanoma.specificity is not None
    assert malignant.specificity is not None
    assert (melanoma.specificity.value, malignant.specificity.value) == (0.75, 0.5)


def test_nothing_is_said_without_a_true_image_nor_of_specificity_without_another() -> None:
    scores = np.array([0.2, 0.8, 0.9])
    lesions = np.arange(3)

    none = operating_point(np.zeros(3, dtype=bool), scores, lesions, 0.9, 0)
    only = operating_point(np.ones(3, dtype=bool), scores, lesions, 0.6, 0)

    assert none == OperatingPoint(threshold=None, specificity=None)
    assert only == OperatingPoint(threshold=0.8, specificity=None)


def test_other_columns_than_the_nine_are_refused() -> None:
    with pytest.raises(MeasureError, match="9 columns"):
        operating_points(np.array([0]), np.full((1, 8), 0.125), np.array(["lesion"]))
