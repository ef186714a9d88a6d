"""A model with an output for UNK: what is fitted and told is of the answers that it gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from handlers.appearance import appearance
from handlers.categories import CODES
from handlers.fitted import UnknownLimit
from handlers.postprocess import to_prediction
from handlers.quality import Limits, examine
from tests import tiny
from tests.images import lesion
from tests.measured import DOUBT, measured
from tests.unit.carded import TRAINING, item
from train.doubt.distance import distances
from train.doubt.fit import FitError, fit
from train.doubt.fitted import Fitted
from train.doubt.methods import Features
from train.doubt.unknown import CALLED, called, fit_unknown, lead
from train.evaluation.card import card
from train.evaluation.report import report

UNK = CODES.index("UNK")
EACH = 60


def answered(seed: int, each: int = EACH) -> Features:
    """Of so many images of each category and of UNK, which are of many kinds, and which the output
    is seldom sure of."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(CODES)), each)
    logits = rng.normal(size=(len(labels), len(CODES))) + 3 * np.eye(len(CODES))[labels]
    logits[labels == UNK, UNK] -= 2
    directions = rng.normal(size=(len(labels), 12)) + 4 * np.eye(12)[labels]
    directions[labels == UNK] *= 4
    return Features(
        logits=logits,
        raw=logits,
        embeddings=directions,
        directions=directions,
        labels=labels,
        groups=np.arange(len(labels)),
    )


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit(answered(0), [appearance(lesion())], CODES)


def served(features: Features, fitted: Fitted) -> np.ndarray:
    """(n,) The label that each image is answered with, as an index."""
    config = fitted.within(tiny.config(classes=CODES))
    quality = examine(lesion(), lesion().size, Limits(), 224)
    far = distances(features.directions, fitted.known)
    answers = [
        to_prediction(torch.from_numpy(row), float(distance), quality, config)["label"]
        for row, distance in zip(features.logits, far, strict=True)
    ]
    return np.array([CODES.index(label) for label in answers])


def test_what_is_called_unknown_is_what_is_answered_so(fitted: Fitted) -> None:
    asked = answered(1)

    ahead = lead(fitted.scaling.shares(asked.logits), CODES)
    found = called(distances(asked.directions, fitted.known), ahead, fitted.unknown)

    np.testing.assert_array_equal(found, served(asked, fitted) == UNK)


def test_the_evidence_is_of_what_is_answered(fitted: Fitted) -> None:
    asked = answered(1, each=200)

    labels = served(asked, fitted)

    recalls = [(labels[asked.labels == k] == k).mean() for k in range(len(CODES))]
    told = fitted.evidence
    assert told["as_served"]["value"] == pytest.approx(np.mean(recalls), abs=0.03)
    wrongly = (labels == UNK)[asked.labels != UNK].mean()
    assert told["called_unknown"] == pytest.approx(wrongly, abs=0.02)


def test_the_limit_is_fitted_to_the_other_categories(fitted: Fitted) -> None:
    asked = answered(1, each=200)

    ahead = lead(fitted.scaling.shares(asked.logits), CODES)
    found = called(distances(asked.directions, fitted.known), ahead, fitted.unknown)

    by_distance = ahead > 0
    assert found[by_distance & (asked.labels != UNK)].mean() == pytest.approx(CALLED, abs=0.01)
    assert found[by_distance & (asked.labels == UNK)].mean() > 0.5


def test_those_that_the_output_calls_unknown_leave_the_limit_as_it_is() -> None:
    rng = np.random.default_rng(0)
    far, ahead = rng.chisquare(50, 2_000), rng.uniform(0.3, 1, 2_000)
    by_output = rng.random(2_000) < 0.05

    at = fit_unknown(far, np.where(by_output, -0.5, ahead), np.empty(0))

    assert called(far, ahead, at)[~by_output].mean() == pytest.approx(CALLED, abs=0.001)


def test_no_output_for_it_leaves_the_largest_share() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])

    assert lead(shares, ("MEL", "NV", "BCC")).tolist() == [0.5, 0.7]
    assert lead(shares, ("MEL", "NV", "UNK")) == pytest.approx([0.3, -0.5])
    assert called(np.zeros(2), lead(shares, ("MEL", "NV", "UNK")), far_off()).tolist() == [
        False,
        True,
    ]


def far_off() -> UnknownLimit:
    return UnknownLimit(limit=1_000.0, scale=1.0)


def test_lesions_of_it_are_none_to_fit_the_limit_to() -> None:
    features = answered(0)
    few = features.part((features.labels == UNK) | (features.groups % EACH < 4))

    with pytest.raises(FitError, match="of 32 lesions are too few to fit on: 40 are needed"):
        fit(few, [appearance(lesion())], CODES)


def test_card_and_report_say_that_it_is_an_output() -> None:
    one = measured()
    sets = {"LAC": {"size": 1.5, "coverage": {"MEL": 0.9, "UNK": 0.9}}}
    metrics = one.metrics | {"doubt": DOUBT | {"sets": sets}}

    told = item(card(TRAINING, metrics), "Out-of-distribution images")
    page = report(replace(one, metrics=metrics).metrics, one.labels, one.probabilities)

    assert "is an output of the model, which was trained on pictures of it: its probability" in told
    assert "1 % of the validation pictures of other categories UNK that the output does not" in told
    assert "needs no pictures" not in told
    assert "of the validation images of other categories" in page
