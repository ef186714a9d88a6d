"""What is fitted does in answers to other images what it says."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from handlers.answer import Prediction
from handlers.appearance import appearance
from handlers.categories import WITHOUT_UNKNOWN
from handlers.postprocess import to_prediction
from handlers.quality import Limits, examine
from tests import tiny
from tests.images import lesion
from tests.unit.drawn import CLASSES, drawn
from train.doubt.distance import distances
from train.doubt.fit import COVERAGE, fit
from train.doubt.methods import Features
from train.doubt.referral import SENSITIVITY
from train.doubt.unknown import CALLED


def images(n: int, seed: int) -> Features:
    """Of a model that is twice as sure as it should be; what it is least sure of lies far off."""
    logits, labels = drawn(n, seed, sharpness=1.5)
    directions = np.random.default_rng(seed).normal(size=(n, 12)) + 4 * np.eye(CLASSES, 12)[labels]
    ranked = np.sort(logits, axis=1)
    directions[ranked[:, -1] - ranked[:, -2] < 0.1] *= 1.5
    return Features(
        logits=2 * logits,
        raw=2 * logits,
        embeddings=directions,
        directions=directions,
        labels=labels,
        groups=np.arange(n),
    )


@dataclass(frozen=True, kw_only=True)
class Answered:
    labels: np.ndarray
    answers: list[Prediction]

    def of(self, *codes: str) -> list[Prediction]:
        """To images of these categories."""
        places = [WITHOUT_UNKNOWN.index(code) for code in codes]
        return [self.answers[row] for row in np.flatnonzero(np.isin(self.labels, places))]


@pytest.fixture(scope="module")
def answered() -> Answered:
    """By what was fitted to others."""
    fitted = fit(images(1_600, seed=2), [appearance(lesion())], WITHOUT_UNKNOWN)
    asked = images(4_000, seed=3)
    config = fitted.within(tiny.config())
    quality = examine(lesion(), lesion().size, Limits(), 32)
    far = distances(asked.directions, fitted.known)
    rows = zip(torch.from_numpy(asked.logits), far.tolist(), strict=True)
    return Answered(
        labels=asked.labels,
        answers=[to_prediction(row, distance, quality, config) for row, distance in rows],
    )


def test_sets_hold_the_true_category_as_often_as_they_say(answered: Answered) -> None:
    covered = []
    for code in WITHOUT_UNKNOWN:
        found = [answer["prediction_set"] for answer in answered.of(code)]
        covered.append(np.mean([one is not None and code in one["codes"] for one in found]))

    assert np.mean(covered) == pytest.approx(COVERAGE, abs=0.02)
    assert covered == pytest.approx([COVERAGE] * CLASSES, abs=0.06)


@pytest.mark.parametrize(("place", "codes"), [(0, ("MEL",)), (1, ("MEL", "BCC", "SCC"))])
def test_rules_find_as_many_as_they_say(
    answered: Answered, place: int, codes: tuple[str, ...]
) -> None:
    found = [answer["referral"] for answer in answered.of(*codes)]

    fired = np.mean([one is not None and one["rules"][place]["fired"] for one in found])

    assert fired == pytest.approx(SENSITIVITY, abs=0.03)


def test_as_many_are_called_unknown_as_may_be(answered: Answered) -> None:
    called = np.mean([answer["label"] == "UNK" for answer in answered.answers])

    assert called == pytest.approx(CALLED, abs=0.005)
