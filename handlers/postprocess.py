"""Logits and distance -> prediction."""

import math

import torch

from handlers.answer import SCHEMA, Prediction, PredictionSet, Quality, Referral, Unknown
from handlers.categories import CODES
from handlers.fitted import SetLimits, UnknownLimit
from handlers.model_config import ModelConfig
from handlers.temperature import shares as of_logits

Shares = dict[str, float]


def to_prediction(
    logits: torch.Tensor, distance: float, quality: Quality, config: ModelConfig
) -> Prediction:
    """One row of logits (len(config.classes),) and its distance -> the answer.

    A code the model has no output for gets 0. P(UNK) by the distance takes its share from all.
    """
    shares = dict.fromkeys(CODES, 0.0)
    found = of_logits(logits[None], config.temperature, config.temperature_by_pair)[0].tolist()
    for code, share in zip(config.classes, found, strict=True):
        shares[code] += share
    unknown = None if config.unknown is None else how_unknown(distance, config.unknown)
    probabilities = shares if unknown is None else folded(shares, unknown["probability"])
    label = max(CODES, key=probabilities.__getitem__)
    limits = config.prediction_set
    return {
        "label": label,
        "probabilities": probabilities,
        "model": {"name": config.name, "version": config.version},
        "schema": SCHEMA,
        "unknown": unknown,
        "prediction_set": None
        if limits is None
        else prediction_set(shares, probabilities, label, limits),
        "referral": referral(shares, config) if config.referral else None,
        "quality": quality,
    }


def how_unknown(distance: float, at: UnknownLimit) -> Unknown:
    # Far below the limit math.exp would overflow; far above it UNK would leave nothing, and so no
    # order, to the others.
    steps = min(max((at.limit - distance) / at.scale, -36.0), 700.0)
    probability = 1 / (1 + math.exp(steps))
    return {"distance": distance, "limit": at.limit, "probability": probability}


def folded(shares: Shares, unknown: float) -> Shares:
    """All nine, of which the known ones share what UNK leaves."""
    probabilities = {code: (1 - unknown) * share for code, share in shares.items()}
    probabilities["UNK"] += unknown
    return probabilities


def prediction_set(
    shares: Shares, probabilities: Shares, label: str, limits: SetLimits
) -> PredictionSet:
    """By the shares that the limits were fitted to, in the order of the probabilities; never
    empty, as what has the largest share is in it, and the label is too."""
    first = max(limits.least, key=shares.__getitem__)
    within = {code for code, least in limits.least.items() if shares[code] >= least}
    codes = sorted(
        within | {first, label}, key=lambda code: (-probabilities[code], CODES.index(code))
    )
    return {"codes": codes, "coverage": limits.coverage}


def referral(shares: Shares, config: ModelConfig) -> Referral:
    rules = []
    for rule in config.referral:
        value = math.fsum(shares[code] for code in rule.codes)
        rules.append(
            {
                "name": rule.name,
                "codes": list(rule.codes),
                "value": value,
                "threshold": rule.threshold,
                "fired": value >= rule.threshold,
                "sensitivity": rule.sensitivity,
                "specificity": rule.specificity,
            }
        )
    return {"refer": any(rule["fired"] for rule in rules), "rules": rules}  # type: ignore[typeddict-item]  # mypy reads the dict's values as object
