"""Pictures of one lesion are never on both sides of a division, and no independent evidence."""

import numpy as np
import pytest

from handlers.appearance import appearance
from handlers.categories import WITHOUT_UNKNOWN
from tests.images import lesion
from tests.unit.drawn import CLASSES, drawn
from train.doubt.fit import cross_validation, divisions, fit
from train.doubt.methods import Features

LESIONS = 240


def pictures(seed: int = 0) -> Features:
    """One of each lesion."""
    logits, labels = drawn(LESIONS, seed)
    directions = np.random.default_rng(seed).normal(size=(LESIONS, 12))
    directions += 4 * np.eye(CLASSES, 12)[labels]
    return Features(
        logits=logits,
        raw=logits,
        embeddings=directions,
        directions=directions,
        labels=labels,
        groups=np.arange(LESIONS) + LESIONS * seed,
    )


def twice(one: Features) -> Features:
    """Two of each lesion, whose answers are copies."""
    return Features.together([one, one])


def test_no_lesion_is_on_both_sides_of_a_division() -> None:
    features = twice(pictures())

    for division in divisions(features, seed=0):
        for others, fold in division:
            assert not set(features.groups[others]) & set(features.groups[fold])
        assert sorted(np.concatenate([fold for _, fold in division])) == list(range(2 * LESIONS))


def test_copies_make_no_interval_of_a_cross_validation_narrower() -> None:
    one = pictures()

    found, expected = (cross_validation(features, 2) for features in (twice(one), one))

    assert found["balanced_accuracy"] == pytest.approx(expected["balanced_accuracy"])
    assert (found["lesions"], found["images"]) == (LESIONS, 2 * LESIONS)


def test_copies_make_no_interval_of_what_is_served_narrower() -> None:
    one = pictures()

    told = fit(twice(one), [appearance(lesion())], WITHOUT_UNKNOWN).evidence["as_served"]

    # Hardly any is called UNK.
    expected = cross_validation(one, 2)["balanced_accuracy"]
    width = expected["high"] - expected["low"]
    assert told["high"] - told["low"] == pytest.approx(width, rel=0.1)
