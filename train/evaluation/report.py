"""The report of an evaluation: one HTML file that needs nothing beside it."""

from typing import Any

import numpy as np

from handlers.categories import CODES
from train.evaluation import figures, words
from train.evaluation.templates import rendered


def report(measures: dict[str, Any], labels: np.ndarray, probabilities: np.ndarray) -> str:
    """HTML of what metrics.json holds, and of labels (n,) and probabilities (n, 9) for the ROC."""
    drawn = {
        "confusion": figures.confusion(measures),
        "roc": figures.roc(labels, probabilities),
        "reliability": figures.reliability(measures),
    }
    values = {
        "m": measures,
        "measured": measures["measured"],
        "d": measures["doubt"],
        "figures": {name: figures.data_uri(figure) for name, figure in drawn.items()},
        "codes": CODES,
        "names": words.NAMES,
        "targets": words.TARGETS,
        "measures": words.MEASURES,
    }
    return rendered("report.html.jinja", values)
