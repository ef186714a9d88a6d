"""What judges an image was not fitted to it, and a perfect model's error is one of chance alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from handlers.categories import WITHOUT_UNKNOWN
from tests.unit.drawn import CLASSES, drawn
from tests.unit.test_doubt import features_of
from train.doubt import fit as doubt
from train.doubt.fit import METHODS, perfect_ece
from train.doubt.sets import sets

ONE, OTHER = np.arange(300), np.arange(300, 600)


def test_what_judges_an_image_was_fitted_to_the_others_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logits, labels = drawn(600, sharpness=1.0)
    features = features_of(logits, logits, labels)
    given: list[np.ndarray] = []

    def seen(*of: np.ndarray) -> np.ndarray:
        given.append(sets(*of))
        return given[-1]

    monkeypatch.setattr(doubt, "sets", seen)

    def sets_of_the_other(relabelled: np.ndarray) -> list[list[list[bool]]]:
        """By each method, where the first half is what it was fitted to."""
        given.clear()
        theirs = labels.copy()
        theirs[relabelled] = (theirs[relabelled] + 1) % CLASSES
        division = [(ONE, OTHER), (OTHER, ONE)]
        doubt.evidence(replace(features, labels=theirs), [division], WITHOUT_UNKNOWN, 0)
        return [one.tolist() for one in given[: len(METHODS)]]

    as_it_is = sets_of_the_other(ONE[:0])
    assert len(as_it_is) == 3
    assert sets_of_the_other(OTHER) == as_it_is
    assert sets_of_the_other(ONE) != as_it_is


def test_a_perfect_model_that_is_certain_shows_no_error() -> None:
    assert perfect_ece(np.eye(CLASSES)[np.arange(400) % CLASSES], seed=0) == 0


@pytest.mark.parametrize(("images", "about"), [(400, 0.05), (40_000, 0.005)])
def test_a_perfect_models_error_is_of_how_many_images_there_are(images: int, about: float) -> None:
    logits, _ = drawn(images, sharpness=1.0)

    assert perfect_ece(softmax(logits, axis=1), seed=0) == pytest.approx(about, rel=0.5)
