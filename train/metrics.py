"""Pure functions on labels and predictions."""

import numpy as np


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) counts from two (n,) integer arrays; rows true, columns predicted."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def balanced_accuracy(confusion: np.ndarray) -> float:
    """Mean recall over the categories that occur: ISIC 2019's ranking metric (Combalia 2019)."""
    counts = confusion.sum(axis=1)
    recalls = confusion.diagonal()[counts > 0] / counts[counts > 0]
    return float(recalls.mean())
