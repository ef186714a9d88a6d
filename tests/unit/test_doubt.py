"""What is fitted on validation images does on others what it says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from handlers.appearance import appearance
from handlers.categories import WITHOUT_UNKNOWN
from tests.images import lesion
from tests.unit.drawn import CLASSES, drawn
from train.doubt.distance import distances, known
from train.doubt.fit import FitError, fit
from train.doubt.methods import IN_USE, METHODS, Features, told_apart
from train.doubt.referral import fit_rules
from train.doubt.unknown import CALLED, CALLED_AT_MOST, called


def features_of(logits: np.ndarray, directions: np.ndarray, labels: np.ndarray) -> Features:
    """Each image of another lesion, with an embedding as its direction."""
    return Features(
        logits=logits,
        raw=logits,
        directions=directions,
        embeddings=directions,
        labels=labels,
        groups=np.arange(len(labels)),
    )


def test_the_distance_is_mahalanobis_to_the_nearest_category() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 5_000)
    spread = np.array([1.0, 3.0])
    embeddings = rng.normal(size=(10_000, 2)) * spread + np.array([[0.0, 0.0], [10.0, 0.0]])[labels]

    found = distances(np.array([[0.0, 3.0], [12.0, 0.0], [10.0, 0.0]]), known(embeddings, labels))

    assert found == pytest.approx([1.0, 4.0, 0.0], abs=0.1)


def test_the_limit_is_fitted_to_images_that_no_distance_was_fitted_to() -> None:
    rng = np.random.default_rng(1)
    (logits, labels), (more, truth) = drawn(400), drawn(400, seed=1)
    # Hardly more images than numbers: those that the covariance is fitted to lie far nearer.
    validation, others = (
        rng.normal(size=(400, 200)) + 3 * np.eye(CLASSES, 200)[of] for of in (labels, truth)
    )

    fitted = fit(features_of(logits, validation, labels), [appearance(lesion())], WITHOUT_UNKNOWN)

    confidence = fitted.scaling.shares(more).max(axis=1)
    found = called(distances(others, fitted.known), confidence, fitted.unknown).mean()
    assert found == pytest.approx(CALLED, abs=0.01)
    assert fitted.evidence["called_unknown"] == pytest.approx(CALLED, abs=0.01)


def test_a_rule_finds_95_percent_and_says_how_specific_it_was() -> None:
    logits, labels = drawn(5_000)
    shares = softmax(logits, axis=1)

    melanoma, malignant = fit_rules(shares, labels, WITHOUT_UNKNOWN)

    assert (melanoma.codes, malignant.codes) == (("MEL",), ("MEL", "BCC", "SCC"))
    for rule, true in ((melanoma, labels == 0), (malignant, np.isin(labels, [0, 2, 7]))):
        values = shares[:, [WITHOUT_UNKNOWN.index(code) for code in rule.codes]].sum(axis=1)
        assert (values[true] >= rule.threshold).mean() == rule.sensitivity >= 0.95
        assert (values[~true] < rule.threshold).mean() == rule.specificity


def test_a_threshold_is_no_rounding_over_1() -> None:
    share = np.nextafter(1.0, 2)
    shares = np.zeros((4, CLASSES))
    shares[[0, 1, 2, 3], [0, 2, 1, 1]] = [share, share, 1, 1]

    rules = fit_rules(shares, np.array([0, 2, 1, 1]), WITHOUT_UNKNOWN)

    assert [(rule.threshold, rule.sensitivity) for rule in rules] == [(1, 1)] * 2


def test_the_evidence_is_of_images_that_were_not_fitted_on() -> None:
    logits, labels = drawn(1_600, sharpness=1.0)
    rng = np.random.default_rng(1)
    embeddings = rng.normal(size=(1_600, 16)) + 3 * np.eye(CLASSES, 16)[labels]
    features = features_of(2 * logits, embeddings, labels)

    fitted = fit(features, [appearance(lesion())], WITHOUT_UNKNOWN)

    assert fitted.scaling.temperature == pytest.approx(2, rel=0.15)
    assert fitted.evidence["ece"] < fitted.evidence["ece_before"] / 2
    assert fitted.evidence["ece_with_one_temperature"] < fitted.evidence["ece_before"] / 2
    assert fitted.evidence["called_unknown"] == pytest.approx(CALLED, abs=0.01)
    for coverage in fitted.evidence["sets"]["LAC"]["coverage"].values():
        assert coverage == pytest.approx(0.9, abs=0.03)


def test_probabilities_are_fitted_to_all_folds_and_the_unknown_to_its_own_models() -> None:
    rng = np.random.default_rng(1)
    logits, labels = drawn(640, sharpness=1.0)
    planted, parts = (2.0, 0.5), []
    for place, rows in enumerate(np.split(np.arange(640), 2)):
        # Another model's features mean something else.
        means = 3 * np.eye(CLASSES, 16)[labels[rows]] + 100 * place
        directions = rng.normal(size=(len(rows), 16)) + means
        part = features_of(planted[place] * logits[rows], directions, labels[rows])
        parts.append(replace(part, groups=rows))
    own, other = parts

    alone = fit(own, [appearance(lesion())], WITHOUT_UNKNOWN)
    both = fit(own, [appearance(lesion())], WITHOUT_UNKNOWN, folds=[other])

    assert planted[1] < both.scaling.temperature < planted[0]
    assert both.known.means.equal(alone.known.means)
    answered = both.scaling.shares(Features.together(parts).logits)
    assert both.referral == fit_rules(answered, labels, WITHOUT_UNKNOWN)
    assert (alone.evidence["images"], both.evidence["images"]) == (320, 640)
    assert "cross_validation" not in alone.evidence
    found = both.evidence["cross_validation"]
    right = logits.argmax(axis=1) == labels
    recalls = [right[labels == category].mean() for category in range(CLASSES)]
    assert (found["models"], found["images"], found["lesions"]) == (2, 640, 640)
    accuracy = found["balanced_accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert accuracy["value"] == pytest.approx(np.mean(recalls))
    # Hardly any is called UNK, the other model's neither, as each is judged by its own features.
    served = both.evidence["as_served"]
    assert 0 < both.evidence["called_unknown"] < 0.02
    assert 0.97 * accuracy["value"] < served["value"] < accuracy["value"]


def test_what_is_called_unknown_is_not_found_as_served() -> None:
    known_ones, shifted = known_and_shifted(0.0)
    # With so many like the known, the limit calls as many of these as it may.
    strange = replace(shifted, labels=np.full(len(shifted), -1))

    found = fit(
        Features.together([known_ones, strange]), [appearance(lesion())], WITHOUT_UNKNOWN
    ).evidence

    right = known_ones.logits.argmax(axis=1) == known_ones.labels
    assert found["called_unknown"] > 0.01
    served = found["as_served"]["value"]
    # Categories have as many images each, so that their mean recall is the share that is right.
    assert right.mean() - found["called_unknown"] <= served < right.mean()


def test_a_fold_with_few_lesions_is_not_asked_what_it_calls_unknown() -> None:
    known_ones, _ = known_and_shifted(0.0)
    few = known_ones.part(np.arange(39))

    found = fit(known_ones, [appearance(lesion())], WITHOUT_UNKNOWN, folds=[few]).evidence
    alone = fit(known_ones, [appearance(lesion())], WITHOUT_UNKNOWN).evidence

    assert found["images"] == len(known_ones) + 39
    assert found["as_served"] == alone["as_served"]


def test_how_many_are_called_is_told_with_the_unknown_images_it_was_fitted_to() -> None:
    known_ones, shifted = known_and_shifted(2.0)
    seen = [appearance(lesion())]

    without = fit(known_ones, seen, WITHOUT_UNKNOWN).evidence
    strange = replace(shifted, labels=np.full(len(shifted), -1))
    fitted = fit(Features.together([known_ones, strange]), seen, WITHOUT_UNKNOWN).evidence

    assert "unknown_fitted" not in without
    assert fitted["unknown_fitted"] == len(shifted)
    assert without["called_unknown"] < fitted["called_unknown"] <= CALLED_AT_MOST + 0.02


def known_and_shifted(shift: float) -> tuple[Features, Features]:
    """Validation images, and as many others whose embeddings and logits are drawn elsewhere."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(CLASSES), 50)
    found = []
    for by in (0.0, shift):
        embeddings = rng.normal(size=(len(labels), 12)) + 4 * np.eye(CLASSES, 12)[labels]
        # Along no category's direction, and with logits that say less.
        embeddings[:, CLASSES:] += by
        logits = embeddings[:, :CLASSES] * (1 if by == 0 else 0.2)
        found.append(features_of(logits, embeddings, labels))
    return found[0], found[1]


def test_each_method_finds_a_planted_shift() -> None:
    areas = told_apart(*known_and_shifted(10.0))

    assert areas.keys() == METHODS.keys()
    for name, area in areas.items():
        assert area > 0.95, name


def test_no_method_tells_the_same_apart() -> None:
    areas = told_apart(*known_and_shifted(0.0))

    for name, area in areas.items():
        assert area == pytest.approx(0.5, abs=0.06), name


def test_what_a_method_is_fitted_to_is_not_what_it_judges() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(CLASSES), 10)
    # As many directions as images: those fitted to are far nearer than any other.
    features = [
        features_of(
            rng.normal(size=(len(labels), CLASSES)), rng.normal(size=(len(labels), 120)), labels
        )
        for _ in range(2)
    ]

    areas = told_apart(features[0], features[1])

    assert areas[IN_USE] == pytest.approx(0.5, abs=0.1)


def test_few_images_of_a_category_are_compared_without_a_warning() -> None:
    known_ones, shifted = known_and_shifted(10.0)
    rows = np.flatnonzero((known_ones.labels > 0) | (np.arange(len(known_ones)) < 9))

    areas = told_apart(known_ones.part(rows), shifted)

    assert areas[IN_USE] > 0.95


def test_images_of_few_lesions_are_too_few_to_fit_on() -> None:
    labels = np.repeat(np.arange(CLASSES), 20)
    features = Features(
        logits=np.zeros((len(labels), CLASSES)),
        raw=np.zeros((len(labels), CLASSES)),
        directions=np.zeros((len(labels), 4)),
        embeddings=np.zeros((len(labels), 4)),
        labels=labels,
        groups=np.arange(len(labels)) % 39,
    )

    with pytest.raises(FitError, match="39 lesions are too few to fit on: 40 are needed"):
        fit(features, [appearance(lesion())], WITHOUT_UNKNOWN)


@pytest.mark.parametrize("blind", [0, 1])
def test_a_model_that_sees_no_difference_is_not_fitted_to(blind: int) -> None:
    logits, labels = drawn(160)
    directions = [np.random.default_rng(0).normal(size=(160, 4)) for _ in range(2)]
    directions[blind] = np.ones((160, 4))
    own, fold = (features_of(logits, one, labels) for one in directions)

    with pytest.raises(FitError, match="sees no difference between images"):
        fit(own, [appearance(lesion())], WITHOUT_UNKNOWN, folds=[fold])


@pytest.mark.parametrize("part", ["logits", "directions", "embeddings"])
def test_answers_that_are_not_finite_are_not_fitted_to(part: str) -> None:
    labels = np.repeat(np.arange(CLASSES), 20)
    names = ("logits", "raw", "directions", "embeddings")
    values = {name: np.zeros((160, CLASSES)) for name in names}
    values[part][7, 1] = np.nan
    features = Features(**values, labels=labels, groups=np.arange(160))

    with pytest.raises(FitError, match="not finite"):
        fit(features, [appearance(lesion())], WITHOUT_UNKNOWN)
