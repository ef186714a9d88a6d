"""The temperatures that were planted are found, and few images say little of them."""

import numpy as np
import pytest
from scipy.special import softmax

from tests.unit.drawn import CLASSES, drawn, labels_of
from train.doubt.temperature import Scaling, fit_scaling, fit_temperature
from train.evaluation.calibration import calibration


@pytest.mark.parametrize("planted", [0.5, 0.8, 1.0, 2.5])
def test_a_planted_temperature_is_found(planted: float) -> None:
    logits, labels = drawn(40_000)

    found = fit_temperature(logits * planted, labels)

    assert found == pytest.approx(planted, rel=0.02)


def test_each_category_weighs_the_same_in_the_temperature() -> None:
    logits, labels = drawn(40_000)
    mixed = logits * np.where(labels == 0, 3.0, 1.0)[:, None]
    rng = np.random.default_rng(0)
    often = np.concatenate(
        [np.arange(len(labels)), rng.choice(np.flatnonzero(labels == 0), 90_000)]
    )

    found, wanted = fit_scaling(mixed[often], labels[often]), fit_scaling(mixed, labels)

    assert found.temperature == pytest.approx(wanted.temperature, rel=0.03)
    np.testing.assert_allclose(found.by_pair, wanted.by_pair, atol=0.2)


def planted_by_pair(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """As `drawn`, but an answer that lies between the first two says less than it seems to."""
    by_pair = np.zeros((CLASSES, CLASSES))
    by_pair[0, 1] = by_pair[1, 0] = 2.0
    scaling = Scaling(temperature=1.5, by_pair=tuple(map(tuple, by_pair.tolist())))
    logits, _ = drawn(n, seed, sharpness=3.0)
    return logits, labels_of(scaling.shares(logits))


def test_a_planted_temperature_by_pair_is_found() -> None:
    found = fit_scaling(*planted_by_pair(40_000))

    assert found.temperature == pytest.approx(1.5, rel=0.1)
    by_pair = np.array(found.by_pair)
    assert by_pair[0, 1] == by_pair[1, 0] == pytest.approx(2, abs=0.5)
    by_pair[0, 1] = by_pair[1, 0] = 0
    assert np.abs(by_pair).max() < 0.35
    one = Scaling(temperature=found.temperature)
    others, truth = planted_by_pair(40_000, seed=1)
    # Where it matters: answers that lie between the two.
    between = found.shares(others)[:, :2].min(axis=1) > 0.2
    errors = [calibration(truth[between], by.shares(others[between])).ece for by in (found, one)]
    assert errors[0] < errors[1] / 2


def test_one_temperature_for_all_leaves_nothing_for_the_pairs() -> None:
    logits, labels = drawn(40_000)

    found = fit_scaling(2.5 * logits, labels)

    assert found.temperature == pytest.approx(2.5, rel=0.02)
    assert np.abs(found.shares(2.5 * logits) - softmax(logits, axis=1)).mean() < 0.003


def test_few_images_hardly_move_the_pairs() -> None:
    assert np.abs(fit_scaling(*planted_by_pair(30)).by_pair).max() < 0.3
