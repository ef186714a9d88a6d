"""Calibration against the definition, read out loud."""

import numpy as np
import pytest

from train.evaluation.calibration import BINS, calibration


@pytest.mark.parametrize("seed", range(20))
def test_the_error_is_the_mean_gap_weighted_by_images(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(9, rng.uniform(0.1, 1)), 400)
    labels = rng.integers(9, size=400)

    result = calibration(labels, probabilities)

    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    error = 0.0
    for one in result.bins:
        inside = (confidence > one.low) & (confidence <= one.high)
        assert one.images == inside.sum()
        if inside.any():
            assert one.confidence == pytest.approx(confidence[inside].mean())
            assert one.accuracy == pytest.approx(right[inside].mean())
            error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
        else:
            assert (one.confidence, one.accuracy) == (None, None)
    assert result.ece == pytest.approx(error, abs=1e-12)
    assert sum(one.images for one in result.bins) == 400


def test_the_bins_are_fifteen_and_equally_wide() -> None:
    result = calibration(np.array([0]), np.array([[1.0, 0.0]]))

    assert [one.low for one in result.bins] == pytest.approx(np.arange(BINS) / 15)
    assert [one.high for one in result.bins] == pytest.approx(np.arange(1, BINS + 1) / 15)
    assert (BINS, result.bins[-1].images) == (15, 1)


def test_who_is_sure_and_always_right_has_no_error_and_always_wrong_all() -> None:
    labels = np.array([0, 1, 2, 2])

    right = calibration(labels, np.eye(3)[labels])
    wrong = calibration(labels, np.eye(3)[(labels + 1) % 3])

    assert (right.ece, wrong.ece) == (0, 1)


def test_a_confidence_rounded_above_one_is_in_the_last_bin() -> None:
    result = calibration(np.array([0]), np.array([[1.0000001, 0.0]]))

    assert result.bins[-1].images == 1


def test_a_confidence_on_an_edge_is_in_the_bin_below() -> None:
    result = calibration(np.array([0]), np.array([[2 / 3, 1 / 3]]))

    assert [place for place, one in enumerate(result.bins) if one.images] == [9]
