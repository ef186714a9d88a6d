"""What is fitted on validation images and stored with the model, beside its weights."""

import math
from dataclasses import dataclass

from handlers.categories import CODES
from handlers.errors import UnusableModel


@dataclass(frozen=True, kw_only=True)
class UnknownLimit:
    """P(UNK) is the logistic function of (distance - `limit`) / `scale`."""

    limit: float
    scale: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.limit) and math.isfinite(self.scale) and self.scale > 0):
            raise UnusableModel("The limit or scale of the unknown is out of range.")


@dataclass(frozen=True, kw_only=True)
class SetLimits:
    """A category is in the set if its probability, P(UNK) left aside, is at least its `least`."""

    coverage: float
    least: dict[str, float]

    def __post_init__(self) -> None:
        known(self.least)
        limits = (self.coverage, *self.least.values())
        if not self.least or not all(0 <= value <= 1 for value in limits):
            raise UnusableModel("The prediction set's limits are out of range.")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Refer if the probability of `codes` together, P(UNK) left aside, is `threshold` or more."""

    name: str
    codes: tuple[str, ...]
    threshold: float
    sensitivity: float
    specificity: float

    def __post_init__(self) -> None:
        known(self.codes)
        shares = (self.threshold, self.sensitivity, self.specificity)
        if not all(0 <= value <= 1 for value in shares):
            raise UnusableModel(f"The referral rule {self.name} is out of range.")


def known(codes: "dict[str, float] | tuple[str, ...]") -> None:
    if unknown := sorted(set(codes) - set(CODES)):
        raise UnusableModel(f"Not categories of ISIC 2019: {', '.join(unknown)}.")
