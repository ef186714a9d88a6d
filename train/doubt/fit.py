"""All that is fitted on validation images, and how well each part does on others of them."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from scipy.special import softmax

from handlers.appearance import Appearance
from handlers.fitted import SetLimits
from train.doubt.distance import known
from train.doubt.fitted import Fitted
from train.doubt.methods import Division, Features, fifths, of_features
from train.doubt.quality import fit_limits
from train.doubt.referral import fit_rules
from train.doubt.sets import aps, lac, limits, raps, sets
from train.doubt.temperature import fit_scaling
from train.doubt.unknown import called_apart, distances_apart, fit_unknown, is_known, lead
from train.evaluation.calibration import calibration
from train.evaluation.intervals import balanced_accuracy_interval, mean_recall_interval

COVERAGE = 0.9
# Into folds, so that a coverage is not that of one lucky division.
DIVISIONS = 10
METHODS = {"LAC": lac, "APS": aps, "RAPS": raps}
PERFECT_DRAWS = 200
FEWEST_GROUPS = 40


class FitError(Exception):
    """Nothing can be fitted to these images; the text says why."""


def fit(
    features: Features,
    seen: Sequence[Appearance],
    classes: tuple[str, ...],
    folds: Sequence[Features] = (),
    seed: int = 0,
) -> Fitted:
    """Of validation images; where some show none of the classes (their label is -1), the limit of
    the unknown is fitted to them too.

    `folds` are other models' of the same recipe, of other images: probabilities are fitted to them
    too, but not what is known of features, which are each model's own. Raises FitError.
    """
    models = [(one.known(), one.unknown()) for one in (features, *folds)]
    features, unknown = models[0]
    if not is_enough(features, classes):
        raise FitError(
            f"Validation images of {lesions(features, classes)} lesions are too few to fit on:"
            f" {FEWEST_GROUPS} are needed."
        )
    answered = Features.together([of for of, _ in models])
    values = (answered.logits, answered.directions, answered.embeddings)
    if not all(np.isfinite(one).all() for one in values):
        raise FitError("The model's answers are not finite: its training went astray.")
    enough = [(of, not_of) for of, not_of in models if is_enough(of, classes)]
    if any((of.directions == of.directions[0]).all() for of, _ in enough):
        raise FitError("A model sees no difference between images: its training went astray.")
    scaling = fit_scaling(answered.logits, answered.labels)
    shares = scaling.shares(answered.logits)
    most = limits(lac(shares), answered.labels, COVERAGE)
    own = divisions(features, seed)
    others = is_known(features.labels, classes)
    far = np.concatenate([distances_apart(features, division)[others] for division in own])
    ahead = np.tile(lead(shares[: len(features)], classes)[others], len(own))
    told = evidence(answered, divisions(answered, seed) if folds else own, classes, seed)
    told |= as_served(enough, classes, seed)
    if len(unknown):
        told["unknown_fitted"] = len(unknown)
    if folds:
        told["cross_validation"] = cross_validation(answered, len(models))
    return Fitted(
        scaling=scaling,
        known=known(features.directions, features.labels),
        unknown=fit_unknown(far, ahead, of_features(features, unknown)),
        prediction_set=SetLimits(
            coverage=COVERAGE,
            # Where a category has no limit it is in every set.
            least={c: max(0.0, 1 - float(m)) for c, m in zip(classes, most, strict=True)},
        ),
        referral=fit_rules(shares, answered.labels, classes),
        quality=fit_limits(seen),
        evidence=told,
    )


def is_enough(features: Features, classes: tuple[str, ...]) -> bool:
    return lesions(features, classes) >= FEWEST_GROUPS


def lesions(features: Features, classes: tuple[str, ...]) -> int:
    """How many of other categories than UNK."""
    return len(set(features.groups[is_known(features.labels, classes)]))


def divisions(features: Features, seed: int) -> list[Division]:
    return [fifths(features, seed + number) for number in range(DIVISIONS)]


def evidence(
    features: Features, divided: Sequence[Division], classes: tuple[str, ...], seed: int
) -> dict[str, Any]:
    """By cross-fitting: each fifth of the groups is judged by what the others were fitted to."""
    n, c = features.logits.shape
    sizes: dict[str, list[float]] = {name: [] for name in METHODS}
    covered: dict[str, list[np.ndarray]] = {name: [] for name in METHODS}
    errors, with_one_errors, perfect = [], [], []
    for number, division in enumerate(divided):
        shares, with_one = np.zeros((n, c)), np.zeros((n, c))
        members = {name: np.zeros((n, c), dtype=bool) for name in METHODS}
        for others, fold in division:
            labels = features.labels[others]
            scaling = fit_scaling(features.logits[others], labels)
            theirs = scaling.shares(features.logits[others])
            shares[fold] = scaling.shares(features.logits[fold])
            with_one[fold] = replace(scaling, by_pair=()).shares(features.logits[fold])
            for name, score in METHODS.items():
                most = limits(score(theirs), labels, COVERAGE)
                members[name][fold] = sets(shares[fold], score(shares[fold]), most)
        errors.append(calibration(features.labels, shares).ece)
        with_one_errors.append(calibration(features.labels, with_one).ece)
        perfect.append(perfect_ece(shares, seed + number))
        for name, within in members.items():
            sizes[name].append(float(within.sum(axis=1).mean()))
            covered[name].append(by_category(within, features.labels))
    return {
        "images": n,
        "ece_before": calibration(features.labels, softmax(features.logits, axis=1)).ece,
        "ece_with_one_temperature": float(np.mean(with_one_errors)),
        "ece": float(np.mean(errors)),
        "ece_of_a_perfect_model": float(np.mean(perfect)),
        "sets": {
            name: {
                "size": float(np.mean(sizes[name])),
                "coverage": {
                    code: None if np.isnan(share) else float(share)
                    for code, share in zip(classes, np.mean(covered[name], axis=0), strict=True)
                },
            }
            for name in METHODS
        },
    }


def as_served(
    models: Sequence[tuple[Features, Features]], classes: tuple[str, ...], seed: int
) -> dict[str, Any]:
    """What answers of all nine are worth, an image that is called UNK being one whose category was
    not found, unless it is UNK: by cross-fitting too, of each model's known and unknown images."""
    judged = Features.together([of for of, _ in models])
    called = np.concatenate(
        [called_apart(*one, classes, divisions(one[0], seed)) for one in models]
    )
    others = is_known(judged.labels, classes)
    right = judged.logits.argmax(axis=1) == judged.labels
    found = np.where(others, right * (1 - called), called)
    return {
        "called_unknown": float(called[others].mean()),
        "as_served": asdict(mean_recall_interval(judged.labels, found, judged.groups)),
    }


def cross_validation(features: Features, models: int) -> dict[str, Any]:
    """Balanced accuracy of the most probable category, each image answered by the one of so many
    models that was not trained on it."""
    probabilities = softmax(features.logits, axis=1)
    interval = balanced_accuracy_interval(features.labels, probabilities, features.groups)
    return {
        "models": models,
        "images": len(features),
        "lesions": len(set(features.groups)),
        "balanced_accuracy": asdict(interval),
    }


def by_category(within: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(c,) The share of each category's images whose set holds it; nan where it has none."""
    return np.array(
        [
            within[labels == k, k].mean() if (labels == k).any() else np.nan
            for k in range(within.shape[1])
        ]
    )


def perfect_ece(shares: np.ndarray, seed: int) -> float:
    """What ECE would be if each share were true: so many images in so many bins are never even."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(PERFECT_DRAWS // DIVISIONS):
        drawn = (shares.cumsum(axis=1) > rng.random((len(shares), 1))).argmax(axis=1)
        found.append(calibration(drawn, shares).ece)
    return float(np.mean(found))
