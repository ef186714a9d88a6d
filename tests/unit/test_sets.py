"""Prediction sets cover each category as often as they say."""

import numpy as np
import pytest
from scipy.special import softmax

from tests.unit.drawn import CLASSES, drawn
from train.doubt.sets import aps, lac, limits, raps, sets


@pytest.mark.parametrize("score", [lac, aps, raps])
def test_sets_cover_each_category_as_often_as_they_say(score: object) -> None:
    assert callable(score)
    (logits, labels), (others, truth) = drawn(60_000), drawn(60_000, seed=1)
    shares, theirs = softmax(logits, axis=1), softmax(others, axis=1)

    within = sets(theirs, score(theirs), limits(score(shares), labels, 0.9))

    for category in range(CLASSES):
        assert within[truth == category, category].mean() == pytest.approx(0.9, abs=0.02)


def test_few_images_of_a_category_keep_it_in_every_set() -> None:
    shares = np.full((3, CLASSES), 1 / CLASSES)

    most = limits(lac(shares), np.zeros(3, dtype=int), 0.9)

    assert np.isinf(most).all()


def test_the_most_probable_category_is_always_in_the_set() -> None:
    shares = np.array([[0.6, 0.4]])

    within = sets(shares, lac(shares), np.array([0.1, 0.7]))

    assert within.tolist() == [[True, True]]


@pytest.mark.parametrize(("images", "expected"), [(9, 8.0), (10, 8.9), (14, 12.5), (19, 17.0)])
def test_a_limit_between_two_images_scores_is_between_them(images: int, expected: float) -> None:
    scores = np.random.default_rng(0).permutation(images).astype(float)[:, None]

    found = limits(scores, np.zeros(images, dtype=int), 0.9)

    assert found == pytest.approx([expected])
