"""The report's figures: confusion matrix, ROC curves and reliability diagram."""

import base64
import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from handlers.categories import CODES
from train.plots import confusion_figure

# Apart for the colour-blind too (Okabe and Ito); a code has its colour in every report.
COLOURS = dict(
    zip(
        CODES,
        (
            "#d55e00",
            "#0072b2",
            "#009e73",
            "#cc79a7",
            "#56b4e9",
            "#e69f00",
            "#7f3c8d",
            "#222222",
            "#999999",
        ),
        strict=True,
    )
)
ACCENT = "#0b5c8a"


def confusion(measures: dict[str, Any]) -> Figure:
    """Counts, coloured by the share of each true category."""
    figure = confusion_figure(np.array(measures["confusion"]), CODES)
    figure.axes[0].set_title("")
    return figure


def roc(labels: np.ndarray, probabilities: np.ndarray) -> Figure:
    """One against the rest, from (n,) indices into CODES and (n, 9) probabilities.

    A category has a curve where it occurs and is not the only one.
    """
    figure, axes = square("1 − specificity", "sensitivity")
    for index, code in enumerate(CODES):
        positive = labels == index
        if positive.any() and not positive.all():
            x, y, _ = roc_curve(positive, probabilities[:, index])
            axes.plot(x, y, color=COLOURS[code], linewidth=1.6, label=code)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="lower right", facecolor="white", framealpha=0.9, edgecolor="none")
    return figure


def reliability(measures: dict[str, Any]) -> Figure:
    """Accuracy of the answers against their confidence, by bins; a bin's area is its images."""
    figure, axes = square("confidence of the answer", "share of answers that are right")
    bins = [one for one in measures["calibration"]["bins"] if one["images"]]
    most = max((one["images"] for one in bins), default=1)
    axes.scatter(
        [one["confidence"] for one in bins],
        [one["accuracy"] for one in bins],
        s=[20 + 300 * one["images"] / most for one in bins],
        color=ACCENT,
        alpha=0.75,
        linewidth=0,
        clip_on=False,
        zorder=3,
    )
    return figure


def square(xlabel: str, ylabel: str) -> tuple[Figure, Any]:
    """From 0 to 1 both ways, with the diagonal."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=xlabel, ylabel=ylabel, aspect="equal")
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def data_uri(figure: Figure) -> str:
    """The figure as an SVG within a URI, so that a page needs no file beside it."""
    buffer = io.BytesIO()
    # A fixed salt and no date: the same numbers give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "skin", "font.size": 11}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"
