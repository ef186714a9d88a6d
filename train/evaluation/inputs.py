"""Refuses what can't be measured."""

import numpy as np

# Probabilities rounded to three decimals still pass.
SUM_TOLERANCE = 0.01


class MeasureError(ValueError):
    """Labels, probabilities or a table that can't be measured; the text says what is wrong."""


def check(labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Raises MeasureError unless labels (n,) are columns of probabilities (n, c), n at least 1.

    Each row of probabilities must be finite, non-negative and sum to 1 within SUM_TOLERANCE.
    """
    if labels.ndim != 1 or probabilities.ndim != 2 or len(labels) != len(probabilities):
        raise MeasureError(
            "Labels must be (n,) and probabilities (n, categories), "
            f"not {labels.shape} and {probabilities.shape}."
        )
    if not len(labels):
        raise MeasureError("There is no image to measure: give at least one.")
    categories = probabilities.shape[1]
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= categories:
        raise MeasureError(f"Labels must be whole numbers from 0 to {categories - 1}.")
    if probabilities.dtype.kind not in "iuf":
        raise MeasureError("Probabilities must be numbers.")
    refuse_row(~np.isfinite(probabilities).all(axis=1), "holds a value that is not finite")
    refuse_row(probabilities.min(axis=1) < 0, "holds a negative value")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    refuse_row(np.abs(sums - 1) > SUM_TOLERANCE, "does not sum to 1")


def check_lesions(labels: np.ndarray, lesions: np.ndarray) -> None:
    """Raises MeasureError unless there is one lesion's name for each label."""
    if lesions.shape != labels.shape:
        raise MeasureError(
            f"There must be one lesion for each of the {len(labels)} images, not {lesions.shape}."
        )


def refuse_row(wrong: np.ndarray, why: str) -> None:
    if wrong.any():
        raise MeasureError(
            f"Row {int(wrong.argmax())} of the probabilities {why} ({int(wrong.sum())} such rows)."
        )
