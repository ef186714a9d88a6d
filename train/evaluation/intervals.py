"""95 % intervals by bootstrap over lesions: images of one lesion are no independent evidence."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from train.evaluation.inputs import MeasureError, check_lesions
from train.evaluation.scores import found, mean_recall

DRAWS = 1000
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value of all images, and the percentiles 2.5 and 97.5 of its bootstrap."""

    value: float
    low: float
    high: float


def balanced_accuracy_interval(
    labels: np.ndarray,
    probabilities: np.ndarray,
    lesions: np.ndarray,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """Balanced accuracy of probabilities (n, c) for labels (n,), images grouped by lesions (n,)."""
    return mean_recall_interval(labels, found(labels, probabilities), lesions, seed, draws)


def mean_recall_interval(
    labels: np.ndarray,
    shares: np.ndarray,
    lesions: np.ndarray,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """Of labels (n,) and what share of each image (n,) was found, as of one in some of its trials.

    Each draw takes as many lesions as there are, with replacement, and all images of each; its
    score is the mean over the categories it holds (percentile method, Efron & Tibshirani 1993).
    """
    numbers = lesion_numbers(labels, lesions)
    shape = (int(numbers.max()) + 1, int(labels.max()) + 1)
    cells = np.ravel_multi_index((numbers, labels), shape)
    images = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    hits = np.bincount(cells, weights=shares, minlength=images.size).reshape(shape)
    samples = []
    for times in lesion_draws(len(images), seed, draws):
        drawn = times @ images
        occurring = drawn > 0
        samples.append(((times @ hits)[occurring] / drawn[occurring]).mean())
    return percentiles(mean_recall(labels, shares), np.array(samples))


def lesion_numbers(labels: np.ndarray, lesions: np.ndarray) -> np.ndarray:
    """(n,) names -> (n,) numbers from 0, the same in whatever order the images come."""
    names = np.asarray(lesions, dtype=object)
    check_lesions(labels, names)
    numbers, _ = pd.factorize(names, sort=True)
    if (numbers < 0).any():
        raise MeasureError("Each image needs a lesion: give one without its own name.")
    return numbers


def lesion_draws(lesions: int, seed: int, draws: int) -> Iterator[np.ndarray]:
    """For each draw (lesions,) floats: how many times each lesion was drawn."""
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        drawn = rng.integers(lesions, size=lesions)
        yield np.bincount(drawn, minlength=lesions).astype(np.float64)


def percentiles(value: float, samples: np.ndarray) -> Interval:
    low, high = np.percentile(samples, PERCENTILES)
    return Interval(value=float(value), low=float(low), high=float(high))
