"""An evaluation of invented answers: what metrics.json holds, and what it was measured on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from handlers.categories import CODES
from train.evaluation.measures import measure

IMAGES = 64
FACTS = {
    "model": "model_store/best_model.pth",
    "checkpoint_sha256": "c" * 64,
    "data": "data/isic2019",
    "images_sha256": "d" * 64,
    "commit": "e" * 40,
    "date": "2026-01-31T12:00:00Z",
    "is_training_runs_validation": False,
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
            "lesion": [f"L{row // 2}" for row in range(IMAGES)],
            "age": np.where(np.arange(IMAGES) < 40, 45.0, 85.0),
            "sex": ["female", "male"] * (IMAGES // 2),
            "site": ["head/neck", None] * (IMAGES // 2),
        }
    )
    metrics = measure(labels, probabilities, table) | {"measured": FACTS | facts}
    return Measured(metrics=metrics, labels=labels, probabilities=probabilities)
