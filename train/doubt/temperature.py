"""The temperature that makes confidence what it should be, fitted on validation images."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

COLDEST, HOTTEST = 0.05, 20.0


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Of logits (n, c) and labels (n,): the T whose softmax(logits / T) has the least log loss.

    Each category weighs the same, however many images it has, as in training: probabilities are
    those of a population in which all are equally common. Guo et al. 2017, arXiv:1706.04599.
    """
    weights = 1 / np.bincount(labels)[labels]
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        shares = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return float(-np.average(shares[rows, labels], weights=weights))

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x))
