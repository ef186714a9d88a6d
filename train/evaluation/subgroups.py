"""Balanced accuracy by age, sex and site."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from train.evaluation.inputs import MeasureError, check
from train.evaluation.intervals import Interval, balanced_accuracy_interval, lesion_numbers

FEWEST_IMAGES = 30
UNKNOWN = "unknown"
LAST_DECADE = 80


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """`balanced_accuracy` is over the categories that occur in the group; None if it is too few."""

    group: str
    images: int
    lesions: int
    balanced_accuracy: Interval | None
    too_few: bool


def subgroups(
    labels: np.ndarray, probabilities: np.ndarray, table: pd.DataFrame, seed: int = 0
) -> dict[str, tuple[Subgroup, ...]]:
    """By age, sex and site, for labels (n,), probabilities (n, c) and a table of n rows.

    The table's columns group (as `measure` has it), age (years), sex and site are read; what they
    leave empty is a subgroup of its own, "unknown", and the last. None is without an image.
    """
    check(labels, probabilities)
    if missing := [name for name in ("group", "age", "sex", "site") if name not in table]:
        raise MeasureError(f"The table has no column {', '.join(missing)}.")
    if len(table) != len(labels):
        raise MeasureError(f"The table has {len(table)} rows for {len(labels)} images.")
    lesions = lesion_numbers(labels, table["group"].to_numpy())

    def divided(names: Iterable[str]) -> tuple[Subgroup, ...]:
        groups = np.array(list(names), dtype=object)
        return tuple(
            subgroup(group, labels[inside], probabilities[inside], lesions[inside], seed)
            for group in sorted(set(groups), key=lambda group: (group == UNKNOWN, group))
            if (inside := groups == group).any()
        )

    return {
        "age": divided(age_band(age) for age in pd.to_numeric(table["age"], errors="coerce")),
        "sex": divided(named(value) for value in table["sex"]),
        "site": divided(named(value) for value in table["site"]),
    }


def subgroup(
    group: str, labels: np.ndarray, probabilities: np.ndarray, lesions: np.ndarray, seed: int
) -> Subgroup:
    too_few = len(labels) < FEWEST_IMAGES
    score = None if too_few else balanced_accuracy_interval(labels, probabilities, lesions, seed)
    return Subgroup(
        group=group,
        images=len(labels),
        lesions=len(set(lesions)),
        balanced_accuracy=score,
        too_few=too_few,
    )


def age_band(age: float) -> str:
    """The decade of an age in years, "0-9" to "80+"; what is no age is unknown."""
    if not 0 <= age < math.inf:
        return UNKNOWN
    decade = int(min(age, LAST_DECADE)) // 10 * 10
    return f"{LAST_DECADE}+" if decade == LAST_DECADE else f"{decade}-{decade + 9}"


def named(value: object) -> str:
    return (value.strip() if isinstance(value, str) else "") or UNKNOWN
