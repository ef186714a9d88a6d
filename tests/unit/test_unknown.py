"""The limit of the unknown, from distances alone."""

import numpy as np
import pytest

from train.doubt.unknown import called, fit_unknown

NONE = np.empty(0)


def test_hardly_any_known_picture_is_called_unknown_and_a_far_one_is() -> None:
    rng = np.random.default_rng(0)
    near, confidence = rng.chisquare(50, 2_000), rng.uniform(0.3, 1, 2_000)

    at = fit_unknown(near, confidence, NONE)

    assert called(near, confidence, at).mean() == pytest.approx(0.01, abs=0.001)
    assert called(np.array([500.0]), np.array([1.0]), at).all()
    assert 1 / (1 + np.exp((at.limit - np.median(near)) / at.scale)) == pytest.approx(0.01)


def test_with_unknown_images_the_limit_parts_the_two() -> None:
    rng = np.random.default_rng(0)
    near, confidence = rng.chisquare(50, 2_000), np.full(2_000, 1.0)
    far = rng.normal(1_000, 10, 500)

    at = fit_unknown(near, confidence, far)

    assert near.max() < at.limit <= far.min()
    assert called(far, np.full(500, 1.0), at).mean() > 0.99
    assert not called(near, confidence, at).any()


@pytest.mark.parametrize("apart", [-20.0, 0.0, 5.0])
def test_unknown_images_never_make_the_limit_call_many_of_the_known(apart: float) -> None:
    rng = np.random.default_rng(0)
    near, confidence = rng.chisquare(50, 2_000), rng.uniform(0.3, 1, 2_000)
    unknown = rng.chisquare(50, 500) + apart

    at = fit_unknown(near, confidence, unknown)

    assert called(near, confidence, at).mean() <= 0.05


def test_unknown_images_that_are_not_far_make_the_limit_stricter() -> None:
    rng = np.random.default_rng(0)
    near, confidence = rng.chisquare(50, 2_000), np.full(2_000, 0.5)
    unknown = rng.chisquare(50, 500) + 20

    without, at = (fit_unknown(near, confidence, strange) for strange in (NONE, unknown))

    assert at.limit < without.limit
    caught = [called(unknown, np.full(500, 0.5), one).mean() for one in (without, at)]
    assert caught[1] > caught[0] + 0.1
