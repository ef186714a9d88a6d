"""An evaluation of invented answers: what metrics.json holds, and what it was measured on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from handlers.categories import CODES
from train.evaluation.measures import measure

IMAGES = 64
FAITHFULNESS = {
    "images": IMAGES,
    "better_than_random": 0.75,
    "better_than_rollout": 0.625,
    "mean_drop": 0.25,
    "mean_drop_random": 0.05,
    "mean_drop_rollout": 0.125,
    "deleted": 0.2,
}
EVIDENCE = {
    "images": IMAGES,
    "ece_before": 0.125,
    "ece_with_one_temperature": 0.09375,
    "ece": 0.0625,
    "ece_of_a_perfect_model": 0.03125,
    "called_unknown": 0.03,
    "as_served": {"value": 0.71875, "low": 0.6875, "high": 0.75},
    "unknown_images": 60,
    "unknown_called": 0.875,
    "sets": {
        name: {"size": size, "coverage": {"MEL": 0.9, "NV": None}}
        for name, size in (("LAC", 1.5), ("APS", 1.75), ("RAPS", 2.0))
    },
    "methods_unknown": {"Mahalanobis": 0.98, "energy": 0.5},
    "methods_left_out": {
        "MEL": {"Mahalanobis": 0.625, "energy": 0.5},
        "NV": {"Mahalanobis": 0.75, "energy": 0.5},
    },
}
MELANOMA = {
    "name": "melanoma",
    "codes": ["MEL"],
    "threshold": 0.125,
    "sensitivity": 0.95,
    "specificity": 0.625,
}
DOUBT = EVIDENCE | {"temperature": 0.75, "referral": [MELANOMA]}
FACTS = {
    "model": "model_store/best_model.pth",
    "checkpoint_sha256": "c" * 64,
    "data": "data/isic2019",
    "images_sha256": "d" * 64,
    "commit": "e" * 40,
    "date": "2026-01-31T12:00:00Z",
    "is_training_runs_validation": False,
    "chose_epoch": False,
    "left_out": {
        "of": 80,
        "training_images_known": 500,
        "trained_on": 9,
        "siblings": 4,
        "unreadable": ["ISIC_0000007", "ISIC_0000008"],
        "refused": ["ISIC_0000009"],
    },
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    metrics: dict[str, Any]
    labels: np.ndarray
    probabilities: np.ndarray


def measured(**facts: object) -> Measured:
    """64 images, two a lesion, of eight categories; half of them have no site. No UNK."""
    random = np.random.default_rng(0)
    labels = np.arange(IMAGES) // 2 % (len(CODES) - 1)
    probabilities = random.dirichlet(np.full(len(CODES), 0.3), IMAGES)
    probabilities[np.arange(IMAGES), labels] += random.random(IMAGES)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    table = pd.DataFrame(
        {
            "group": [f"L{row // 2}" for row in range(IMAGES)],
            "age": np.where(np.arange(IMAGES) < 40, 45.0, 85.0),
            "sex": ["female", "male"] * (IMAGES // 2),
            "site": ["head/neck", None] * (IMAGES // 2),
        }
    )
    metrics = measure(labels, probabilities, table)
    metrics |= {"faithfulness": FAITHFULNESS, "doubt": DOUBT, "measured": FACTS | facts}
    return Measured(metrics=metrics, labels=labels, probabilities=probabilities)
