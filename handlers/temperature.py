"""Logits -> shares, with as much doubt as validation images showed to be right."""

import math
from itertools import chain

import torch

# Of k outputs k rows of k, symmetric; empty where nothing was fitted.
Pairs = tuple[tuple[float, ...], ...]


def shares(logits: torch.Tensor, temperature: float, by_pair: Pairs = ()) -> torch.Tensor:
    """Logits (n, k) -> shares (n, k) that sum to 1, in double precision, in the logits' order."""
    if not by_pair:
        return torch.softmax(logits.double() / temperature, dim=1)
    pairs = torch.tensor(by_pair, dtype=torch.float64, device=logits.device)
    return torch.softmax(scaled(logits, temperature, pairs), dim=1)


def scaled(logits: torch.Tensor, temperature: float, by_pair: torch.Tensor) -> torch.Tensor:
    """Logits (n, k) over a temperature (Guo et al. 2017, arXiv:1706.04599) that is each answer's
    own (as in Joy et al. 2022, arXiv:2207.06211).

    Each pair of outputs has a number in `by_pair` (k, k), the logarithm of a factor. An answer's is
    their mean, where a pair weighs the product of its two shares: an answer that lies between two
    categories that are often taken for one another is doubted more than one between two that are
    not.
    """
    divided = logits.double() / temperature
    weights = torch.softmax(divided, dim=1)
    log_factor = ((weights @ by_pair) * weights).sum(dim=1, keepdim=True)
    return divided * torch.exp(-log_factor)


def fits(by_pair: Pairs, outputs: int) -> bool:
    """Whether it is a number for each two of so many outputs, or none."""
    widths = [len(row) for row in by_pair]
    return widths in ([], [outputs] * outputs) and all(map(math.isfinite, chain(*by_pair)))
