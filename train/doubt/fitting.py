"""A checkpoint and images -> the checkpoint with what is fitted to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch

from handlers.appearance import Appearance
from train.checkpoint import Checkpoint, config_of
from train.doubt.features import features
from train.doubt.fit import FitError, fit
from train.doubt.fitted import Fitted
from train.doubt.methods import Features
from train.served import Served


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a checkpoint makes of images, and what these look like; -1 is the label of an image
    whose category is no output of the model."""

    features: Features
    appearances: list[Appearance]

    def of_known(self) -> list[Appearance]:
        labelled = zip(self.appearances, self.features.labels, strict=True)
        return [appearance for appearance, label in labelled if label >= 0]


def looked_at(source: Checkpoint, table: pd.DataFrame, unknown: pd.DataFrame | None = None) -> Seen:
    """Both are of readable images; `unknown` ones have the label -1 whatever the outputs are."""
    if unknown is not None:
        table = pd.concat([table, unknown.assign(code=None)], ignore_index=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Served(source.model().to(device), source.views).eval()
    config = config_of(source.architecture, source.classes, model.model)
    found, appearances = features(model, config, table)
    return Seen(features=found, appearances=appearances)


def calibrated(
    source: Checkpoint, validation: pd.DataFrame, unknown: pd.DataFrame | None = None
) -> Checkpoint:
    """With what was fitted to `validation`, and to `unknown` images of none of the categories.

    Raises FitError.
    """
    if validation.empty:
        raise FitError("There is no validation image.")
    fitted = fitted_to(looked_at(source, validation, unknown), source.classes)
    return replace(source, fitted=replace(fitted, images=tuple(validation["image"])))


def fitted_to(seen: Seen, classes: tuple[str, ...], folds: Sequence[Seen] = ()) -> Fitted:
    """`folds` is what other models of the recipe make of other images. Raises FitError."""
    if (seen.features.labels < 0).all():
        raise FitError("No validation image shows a category of the model.")
    return fit(
        seen.features,
        [one for part in (seen, *folds) for one in part.of_known()],
        classes,
        [fold.features for fold in folds],
    )
