"""The referral rules: thresholds that find 95 % of the melanomas, and of what is malignant."""

import numpy as np

from handlers.fitted import Rule
from train.evaluation.operating import TARGETS

SENSITIVITY = 0.95
NAMES = {"MEL": "melanoma", "malignant": "malignant"}


def fit_rules(shares: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> tuple[Rule, ...]:
    """Of shares (n, c), UNK left aside, and labels (n,); none where a target has no image."""
    rules = []
    for target, codes in TARGETS.items():
        columns = [place for place, code in enumerate(classes) if code in codes]
        true, values = np.isin(labels, columns), shares[:, columns].sum(axis=1)
        if not true.any() or true.all():
            continue
        # The largest of the true ones' values that leaves at most 5 % of them below.
        lowest = np.sort(values[true])[int((1 - SENSITIVITY) * true.sum())]
        # A sum of shares may be one rounding over 1, which no threshold may be.
        threshold = min(1.0, float(lowest))
        rules.append(
            Rule(
                name=NAMES[target],
                codes=tuple(classes[place] for place in columns),
                threshold=threshold,
                sensitivity=float((values[true] >= threshold).mean()),
                specificity=float((values[~true] < threshold).mean()),
            )
        )
    return tuple(rules)
