"""Logits -> prediction."""

from typing import TypedDict

import torch

from handlers.categories import CODES
from handlers.model_config import ModelConfig


class ModelName(TypedDict):
    name: str
    version: str


class Prediction(TypedDict):
    label: str
    probabilities: dict[str, float]
    model: ModelName


def to_prediction(logits: torch.Tensor, config: ModelConfig) -> Prediction:
    """One row of logits (len(config.classes),) -> all nine probabilities, which sum to 1.

    Softmax with temperature (Guo et al. 2017, arXiv:1706.04599), in double precision; a code the
    model has no output for gets 0.
    """
    shares = torch.softmax(logits.double() / config.temperature, dim=0).tolist()
    probabilities = dict.fromkeys(CODES, 0.0)
    for code, share in zip(config.classes, shares, strict=True):
        probabilities[code] += share
    return {
        "label": max(CODES, key=probabilities.__getitem__),
        "probabilities": probabilities,
        "model": {"name": config.name, "version": config.version},
    }
