"""The bootstrap draws lesions, and its interval holds the truth as often as it says."""

import numpy as np
import pytest

from train.evaluation.inputs import MeasureError
from train.evaluation.intervals import (
    PERCENTILES,
    Interval,
    balanced_accuracy_interval,
    lesion_draws,
)
from train.evaluation.scores import found, mean_recall

RECALLS = np.array([0.9, 0.7, 0.5])


def patients(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images of 150 lesions, up to five each, that are all right or all wrong by RECALLS."""
    kinds = rng.choice(3, 150, p=[0.5, 0.3, 0.2])
    right = rng.random(150) < RECALLS[kinds]
    lesions = np.repeat(np.arange(150), rng.integers(1, 6, 150))
    answered = np.where(right, kinds, (kinds + 1) % 3)
    return kinds[lesions], np.eye(3)[answered[lesions]], lesions


def names(numbers: np.ndarray) -> np.ndarray:
    return np.array([f"lesion {number:04}" for number in numbers], dtype=object)


def test_the_interval_is_that_of_images_drawn_again_lesion_by_lesion() -> None:
    labels, probabilities, lesions = patients(np.random.default_rng(1))

    interval = balanced_accuracy_interval(labels, probabilities, names(lesions), 7, 50)

    samples = []
    for times in lesion_draws(150, 7, 50):
        again = np.repeat(np.arange(len(labels)), times[lesions].astype(int))
        samples.append(mean_recall(labels[again], found(labels[again], probabilities[again])))
    assert interval.value == mean_recall(labels, found(labels, probabilities))
    assert (interval.low, interval.high) == pytest.approx(np.percentile(samples, PERCENTILES))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    covered = []
    for seed in range(300):
        labels, probabilities, lesions = patients(np.random.default_rng(seed))

        interval = balanced_accuracy_interval(labels, probabilities, lesions, seed, 200)

        covered.append(interval.low <= RECALLS.mean() <= interval.high)

    assert 0.91 <= np.mean(covered) <= 0.98


def test_images_taken_for_independent_would_promise_too_much() -> None:
    covered = []
    for seed in range(300):
        labels, probabilities, lesions = patients(np.random.default_rng(seed))

        interval = balanced_accuracy_interval(
            labels, probabilities, np.arange(len(lesions)), seed, 100
        )

        covered.append(interval.low <= RECALLS.mean() <= interval.high)

    assert np.mean(covered) < 0.85


def test_more_images_of_the_same_lesions_narrow_nothing() -> None:
    labels, probabilities, lesions = patients(np.random.default_rng(0))

    once = balanced_accuracy_interval(labels, probabilities, lesions)
    tenfold = balanced_accuracy_interval(
        np.tile(labels, 10), np.tile(probabilities, (10, 1)), np.tile(lesions, 10)
    )

    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high), abs=1e-12)


def test_the_order_of_images_changes_nothing_and_the_seed_something() -> None:
    labels, probabilities, lesions = patients(np.random.default_rng(0))
    backwards = slice(None, None, -1)

    first = balanced_accuracy_interval(labels, probabilities, names(lesions), seed=3)
    again = balanced_accuracy_interval(
        labels[backwards], probabilities[backwards], names(lesions)[backwards], seed=3
    )
    other = balanced_accuracy_interval(labels, probabilities, names(lesions), seed=4)

    assert first == again
    assert first != other


def test_a_category_that_a_draw_misses_is_no_zero_in_it() -> None:
    labels = np.array([0, 0, 0, 1])
    lesions = np.arange(4)

    interval = balanced_accuracy_interval(labels, np.eye(2)[labels], lesions)

    assert interval == Interval(value=1.0, low=1.0, high=1.0)


@pytest.mark.parametrize(
    ("lesions", "said"),
    [(["a"], "one lesion for each"), (["a", None], "own name"), (["a", np.nan], "own name")],
)
def test_an_image_without_lesion_is_refused(lesions: list[str], said: str) -> None:
    labels = np.array([0, 1])

    with pytest.raises(MeasureError, match=said):
        balanced_accuracy_interval(labels, np.eye(2), np.array(lesions, dtype=object))
