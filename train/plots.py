"""The confusion matrix as a picture."""

import numpy as np
from matplotlib.figure import Figure


def confusion_figure(confusion: np.ndarray, classes: tuple[str, ...]) -> Figure:
    """(classes, classes) counts -> a figure coloured by the share of each true category."""
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.add_subplot()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, label="share of the true category")
    for (row, column), count in np.ndenumerate(confusion):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="predicted", ylabel="true", title="Validation images")
    return figure
