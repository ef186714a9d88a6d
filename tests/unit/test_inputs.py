"""What can't be measured is refused in a sentence, wherever it is given."""

from collections.abc import Callable

import numpy as np
import pytest

from train.evaluation.calibration import calibration
from train.evaluation.inputs import MeasureError, check
from train.evaluation.intervals import balanced_accuracy_interval
from train.evaluation.operating import operating_points
from train.evaluation.scores import found, per_category

LABELS = np.array([0, 1, 2])
EVEN = np.full((3, 4), 0.25)


def spoilt(row: list[float]) -> np.ndarray:
    return np.vstack([EVEN[:2], row])


@pytest.mark.parametrize(
    ("labels", "probabilities", "said"),
    [
        (LABELS[:2], EVEN, "must be"),
        (LABELS, EVEN.ravel(), "must be"),
        (LABELS[:, None], EVEN, "must be"),
        (LABELS[:0], EVEN[:0], "at least one"),
        (np.array([0, 1, 4]), EVEN, "0 to 3"),
        (np.array([0, 1, -1]), EVEN, "0 to 3"),
        (np.array([0.0, 1.0, 2.0]), EVEN, "whole numbers"),
        (LABELS, EVEN.astype(object), "must be numbers"),
        (LABELS, spoilt([0.5, 0.7, -0.2, 0.0]), "Row 2 .* negative"),
        (LABELS, spoilt([0.5, 0.5, np.nan, 0.0]), "Row 2 .* not finite"),
        (LABELS, spoilt([0.5, 0.5, np.inf, 0.0]), "Row 2 .* not finite"),
        (LABELS, spoilt([0.5, 0.5, 0.5, 0.0]), "Row 2 .* sum to 1"),
        (LABELS, spoilt([0.0, 0.0, 0.0, 0.0]), "Row 2 .* sum to 1"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    labels: np.ndarray, probabilities: np.ndarray, said: str
) -> None:
    with pytest.raises(MeasureError, match=said):
        check(labels, probabilities)


@pytest.mark.parametrize("decimals", [3, 6])
def test_rounded_probabilities_pass(decimals: int) -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(9), 500).round(decimals)

    check(np.zeros(500, dtype=np.int64), probabilities)


@pytest.mark.parametrize(
    "measured",
    [
        found,
        per_category,
        calibration,
        lambda labels, probabilities: balanced_accuracy_interval(labels, probabilities, labels),
        lambda labels, probabilities: operating_points(labels, probabilities, labels),
    ],
)
def test_every_measure_refuses(measured: Callable[[np.ndarray, np.ndarray], object]) -> None:
    with pytest.raises(MeasureError, match="sum to 1"):
        measured(LABELS, np.full((3, 9), 0.5))
