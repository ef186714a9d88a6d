"""The report of an evaluation: one HTML file that needs nothing beside it."""

from typing import Any

import numpy as np

from handlers.categories import CODES
from train.doubt.fitted import EMBEDDING
from train.doubt.methods import BY_DISTANCE
from train.evaluation import figures, words
from train.evaluation.templates import rendered


def report(measures: dict[str, Any], labels: np.ndarray, probabilities: np.ndarray) -> str:
    """HTML of what metrics.json holds, and of labels (n,) and probabilities (n, 9) for the ROC."""
    drawn = {
        "confusion": figures.confusion(measures),
        "roc": figures.roc(labels, probabilities),
        "reliability": figures.reliability(measures),
    }
    doubt = measures["doubt"]
    values = {
        "m": measures,
        "measured": measures["measured"],
        "d": doubt,
        # Of embeddings before it was told.
        "in_use": BY_DISTANCE[(doubt or {}).get("distance_of", EMBEDDING)],
        "figures": {name: figures.data_uri(figure) for name, figure in drawn.items()},
        "codes": CODES,
        "names": words.NAMES,
        "targets": words.TARGETS,
        "measures": words.MEASURES,
    }
    return rendered("report.html.jinja", values)
