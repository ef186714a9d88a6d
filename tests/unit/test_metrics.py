"""Our counts and score against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from train.metrics import balanced_accuracy, confusion_matrix

CLASSES = 8


def random_answers(seed: int, never: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Labels without the class `never`, and predictions that know nothing of it."""
    rng = np.random.default_rng(seed)
    occurring = [label for label in range(CLASSES) if label != never]
    return rng.choice(occurring, 300), rng.integers(CLASSES, size=300)


@pytest.mark.parametrize("never", [None, 0, 3, CLASSES - 1])
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_scikit_learn(seed: int, never: int | None) -> None:
    labels, predicted = random_answers(seed, never)

    counts = confusion_matrix(labels, predicted, CLASSES)

    expected = metrics.confusion_matrix(labels, predicted, labels=range(CLASSES))
    np.testing.assert_array_equal(counts, expected)


@pytest.mark.filterwarnings(
    "ignore:y_pred contains classes not in y_true:UserWarning"  # scikit-learn's, as is meant here
)
@pytest.mark.parametrize("never", [None, 0, 3, CLASSES - 1])
@pytest.mark.parametrize("seed", range(3))
def test_balanced_accuracy_is_that_of_scikit_learn(seed: int, never: int | None) -> None:
    labels, predicted = random_answers(seed, never)

    score = balanced_accuracy(confusion_matrix(labels, predicted, CLASSES))

    assert score == pytest.approx(metrics.balanced_accuracy_score(labels, predicted), abs=1e-12)


def test_a_perfect_answer_scores_one_and_a_wrong_one_nothing() -> None:
    labels = np.array([0, 0, 0, 1, 5])

    right = balanced_accuracy(confusion_matrix(labels, labels, CLASSES))
    wrong = balanced_accuracy(confusion_matrix(labels, (labels + 1) % CLASSES, CLASSES))

    assert (right, wrong) == (1.0, 0.0)
