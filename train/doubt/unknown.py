"""P(UNK) from the distance, with no picture of the unknown needed; where UNK is an output of the
model, its share counts as it does in an answer."""

from collections.abc import Sequence

import numpy as np

from handlers.fitted import UnknownLimit
from train.doubt.methods import Division, Features, among_others, of_features
from train.doubt.temperature import fit_scaling

UNKNOWN = "UNK"
# Of the validation images, at most so many may be called UNK: three times as many catch little more
# of what is strange, and it is the rare categories that pay.
CALLED = 0.01
# Where there are pictures of the unknown to show what it gains.
CALLED_AT_MOST = 0.05
# Half of them get a P(UNK) of at most this.
OF_HALF = 0.01
STEPS = 200


def is_known(labels: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """(n,) Whether labels, indices into classes, are other than UNK."""
    known: np.ndarray = ~np.isin(labels, [k for k, code in enumerate(classes) if code == UNKNOWN])
    return known


def lead(shares: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """(n,) By how much the most probable other category of shares (n, c) is ahead of UNK, whose
    share is 0 where it is no output: all that P(UNK) by the distance has to outweigh."""
    known = is_known(np.arange(len(classes)), classes)
    ahead: np.ndarray = shares[:, known].max(axis=1) - shares[:, ~known].sum(axis=1)
    return ahead


def fit_unknown(distances: np.ndarray, ahead: np.ndarray, unknown: np.ndarray) -> UnknownLimit:
    """Of known validation images' distances (n,) and `lead` (n,): the strictest limit that calls no
    more than 1 % of them UNK; with distances (m,) of unknown ones, if there are any, the one that
    parts the two best, each weighing the same, but none that calls more than 5 % of the known UNK.
    Those whose outputs say UNK already are called by no limit."""
    half = float(np.median(distances))
    if not len(unknown):
        return strictest_limit(distances, ahead, half, CALLED)
    strictest = strictest_limit(distances, ahead, half, CALLED_AT_MOST)
    best = parting(distances, unknown)
    return limit_at(best, half) if best > strictest.limit else strictest


def parting(distances: np.ndarray, unknown: np.ndarray) -> float:
    """The limit with the highest mean of sensitivity and specificity (Youden 1950)."""
    at = np.sort(np.concatenate([distances, unknown]))
    missed = np.searchsorted(np.sort(unknown), at, side="left") / len(unknown)
    passed = np.searchsorted(np.sort(distances), at, side="left") / len(distances)
    return float(at[(passed - missed).argmax()])


def strictest_limit(
    distances: np.ndarray, ahead: np.ndarray, half: float, share: float
) -> UnknownLimit:
    low, high = half, float(distances.max()) * 2
    for _ in range(STEPS):
        middle = (low + high) / 2
        if (called(distances, ahead, limit_at(middle, half)) & (ahead > 0)).mean() > share:
            low = middle
        else:
            high = middle
    return limit_at(high, half)


def limit_at(limit: float, half: float) -> UnknownLimit:
    return UnknownLimit(limit=limit, scale=float((limit - half) / np.log(1 / OF_HALF - 1)))


def called(distances: np.ndarray, ahead: np.ndarray, at: UnknownLimit) -> np.ndarray:
    """(n,) Whether UNK is the most probable of all nine, as `handlers.postprocess` adds them up."""
    unknown = 1 / (1 + np.exp(np.clip((at.limit - distances) / at.scale, -700, 700)))
    more: np.ndarray = unknown > (1 - unknown) * ahead
    return more


def distances_apart(features: Features, division: Division) -> np.ndarray:
    """(n,) From what the others of the division are like: those that a covariance of so many
    numbers was fitted to lie far nearer than any other image."""
    far = np.empty(len(features))
    for others, fold in division:
        far[fold] = of_features(features.part(others), features.part(fold))
    return far


def called_apart(
    features: Features,
    unknown: Features,
    classes: tuple[str, ...],
    divided: Sequence[Division],
) -> np.ndarray:
    """(n,) The share of the divisions in which an image of one model is called UNK by what was
    fitted to the others of the division, and to the `unknown`."""
    trials = np.empty((len(divided), len(features)))
    for trial, division in zip(trials, divided, strict=True):
        for place, (others, fold) in enumerate(division):
            of, asked = features.part(others), features.part(fold)
            scaling = fit_scaling(of.logits, of.labels)
            theirs, known = lead(scaling.shares(of.logits), classes), is_known(of.labels, classes)
            near = distances_apart(of, among_others(division, place))
            at = fit_unknown(near[known], theirs[known], of_features(of, unknown))
            ahead = lead(scaling.shares(asked.logits), classes)
            trial[fold] = called(of_features(of, asked), ahead, at)
    share: np.ndarray = trials.mean(axis=0)
    return share
