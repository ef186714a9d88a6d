"""The temperatures that make confidence what it should be, fitted on validation images."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

from handlers.temperature import Pairs, scaled, shares

COLDEST, HOTTEST = 0.05, 20.0
# What a pair's number costs, squared, in log loss: few images hardly move it from 0.
PENALTY = 3.0


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """As `handlers.temperature.shares` takes it."""

    temperature: float
    by_pair: Pairs = ()

    def shares(self, logits: np.ndarray) -> np.ndarray:
        """Of logits (n, c), in the same shape and order."""
        found: np.ndarray = shares(torch.from_numpy(logits), self.temperature, self.by_pair).numpy()
        return found


def fit_scaling(logits: np.ndarray, labels: np.ndarray) -> Scaling:
    temperature = fit_temperature(logits, labels)
    by_pair = fit_by_pair(logits, labels, temperature)
    return Scaling(temperature=temperature, by_pair=tuple(map(tuple, by_pair.tolist())))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Of logits (n, c) and labels (n,): the T whose softmax(logits / T) has the least log loss.

    Each category weighs the same, however many images it has, as in training: probabilities are
    those of a population in which all are equally common. Guo et al. 2017, arXiv:1706.04599.
    """
    weights, rows = equal_weights(labels), np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        found = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return float(-weights @ found[rows, labels])

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x))


def fit_by_pair(logits: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    """(c, c), symmetric: by the least log loss, categories weighing the same, and a penalty."""
    given, truth = torch.from_numpy(logits), torch.from_numpy(labels)
    weights, rows = torch.from_numpy(equal_weights(labels)), torch.arange(len(labels))
    outputs = logits.shape[1]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        pairs = torch.from_numpy(flat).reshape(outputs, outputs).requires_grad_()
        log_shares = scaled(given, temperature, pairs).log_softmax(dim=1)
        total = PENALTY / len(labels) * pairs.square().sum() - weights @ log_shares[rows, truth]
        (slope,) = torch.autograd.grad(total, pairs)
        return total.item(), slope.numpy().ravel()

    found = minimize(loss, np.zeros(outputs**2), jac=True, method="L-BFGS-B").x
    by_pair = found.reshape(outputs, outputs)
    # It is that but for rounding: it began so, and so is every slope.
    symmetric: np.ndarray = (by_pair + by_pair.T) / 2
    return symmetric


def equal_weights(labels: np.ndarray) -> np.ndarray:
    """(n,) The same for each category together, however many images it has; they sum to 1."""
    weights: np.ndarray = 1 / (np.bincount(labels) * len(set(labels.tolist())))[labels]
    return weights
