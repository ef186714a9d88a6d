"""Ways to tell the unknown from the known, compared with each other; the first is in use."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from train.doubt.distance import distances, known
from train.doubt.fitted import EMBEDDING, FEATURES

FOLDS = 5
NEIGHBOUR = 10
# Of the embedding's directions, what its images differ most in; the others are ViM's residual.
PRINCIPAL_SHARE = 1 / 3


@dataclass(frozen=True, kw_only=True)
class Features:
    """Of n images: logits (n, c), embeddings (n, d) and directions (n, f), as `Served` gives them,
    labels (n,), -1 where the category is no output, and groups (n,). `raw` (n, c) is the views'
    mean of what the head gives: the logits of several views' mean probability have lost how large
    theirs were."""

    logits: np.ndarray
    raw: np.ndarray
    embeddings: np.ndarray
    directions: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, rows: np.ndarray) -> "Features":
        """Rows by their places or by a mask."""
        return Features(
            logits=self.logits[rows],
            raw=self.raw[rows],
            directions=self.directions[rows],
            embeddings=self.embeddings[rows],
            labels=self.labels[rows],
            groups=self.groups[rows],
        )

    def known(self) -> "Features":
        return self.part(self.labels >= 0)

    def unknown(self) -> "Features":
        return self.part(self.labels < 0)

    @classmethod
    def together(cls, parts: Sequence["Features"]) -> "Features":
        return cls(
            logits=np.concatenate([part.logits for part in parts]),
            raw=np.concatenate([part.raw for part in parts]),
            directions=np.concatenate([part.directions for part in parts]),
            embeddings=np.concatenate([part.embeddings for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            groups=np.concatenate([part.groups for part in parts]),
        )


def largest_probability(_: Features, asked: Features) -> np.ndarray:
    """Hendrycks and Gimpel, arXiv:1610.02136."""
    scores: np.ndarray = -softmax(asked.logits, axis=1).max(axis=1)
    return scores


def energy(_: Features, asked: Features) -> np.ndarray:
    """Liu et al., arXiv:2010.03759."""
    scores: np.ndarray = -logsumexp(asked.raw, axis=1)
    return scores


def of_features(of: Features, asked: Features) -> np.ndarray:
    return distances(asked.directions, known(of.directions, of.labels))


def of_embedding(of: Features, asked: Features) -> np.ndarray:
    return distances(asked.embeddings, known(of.embeddings, of.labels))


def neighbour(of: Features, asked: Features) -> np.ndarray:
    """The distance to the tenth nearest of the known (Sun et al., arXiv:2204.06507)."""
    index = NearestNeighbors(n_neighbors=min(NEIGHBOUR, len(of))).fit(normalize(of.embeddings))
    apart: np.ndarray = index.kneighbors(normalize(asked.embeddings))[0][:, -1]
    return apart


def vim(of: Features, asked: Features) -> np.ndarray:
    """What no principal direction of the known explains, beside the energy (Wang et al.,
    arXiv:2203.10807)."""
    centre = of.embeddings.mean(axis=0)
    directions = np.linalg.svd(of.embeddings - centre, full_matrices=True)[2]
    rest = directions[round(PRINCIPAL_SHARE * len(directions)) :].T

    def residual(features: Features) -> np.ndarray:
        length: np.ndarray = np.linalg.norm((features.embeddings - centre) @ rest, axis=1)
        return length

    scale = of.raw.max(axis=1).mean() / residual(of).mean()
    scores: np.ndarray = scale * residual(asked) - logsumexp(asked.raw, axis=1)
    return scores


# For each fold the rows of the others, and its own.
Division = list[tuple[np.ndarray, np.ndarray]]

IN_USE = "Mahalanobis, features"
# By what P(UNK) is of, as `Known` tells it.
BY_DISTANCE = {FEATURES: IN_USE, EMBEDDING: "Mahalanobis"}
METHODS: dict[str, Callable[[Features, Features], np.ndarray]] = {
    IN_USE: of_features,
    BY_DISTANCE[EMBEDDING]: of_embedding,
    "ViM": vim,
    "10th nearest neighbour": neighbour,
    "energy": energy,
    "largest probability": largest_probability,
}


def fifths(of: Features, seed: int) -> Division:
    """Of the groups, with the categories' shares kept: the rows of the others, and its own."""
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of a category with fewer images than there are folds.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(folds.split(of.logits, of.labels, of.groups))


def among_others(division: Division, left_out: int) -> Division:
    """Of all but that fold, by their places among these: what the other folds are to each other."""
    rows = division[left_out][0]
    places = np.arange(len(rows))
    kept = [fold for place, (_, fold) in enumerate(division) if place != left_out]
    folds = [np.searchsorted(rows, fold) for fold in kept]
    return [(np.setdiff1d(places, fold), fold) for fold in folds]


def told_apart(validation: Features, unknown: Features, seed: int = 0) -> dict[str, float]:
    """Each method's AUROC; what it is fitted to are other validation images than those it judges,
    in fifths of the groups."""
    found: dict[str, list[float]] = {name: [] for name in METHODS}
    for others, fold in fifths(validation, seed):
        of, judged = validation.part(others), validation.part(fold)
        truth = np.repeat([0, 1], [len(judged), len(unknown)])
        for name, method in METHODS.items():
            scores = np.concatenate([method(of, judged), method(of, unknown)])
            found[name].append(float(roc_auc_score(truth, scores)))
    return {name: float(np.mean(areas)) for name, areas in found.items()}
