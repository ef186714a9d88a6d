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

    def known(self) -> "Seen":
        rows = self.features.labels >= 0
        return Seen(
            features=self.features.part(rows),
            appearances=[one for one, row in zip(self.appearances, rows, strict=True) if row],
        )

    def unknown(self) -> Features:
        return self.features.part(self.features.labels < 0)


def looked_at(source: Checkpoint, table: pd.DataFrame) -> Seen:
    """`table` is of readable images."""
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
    seen = looked_at(source, validation)
    strange = None if unknown is None else looked_at(source, unknown)
    return replace(source, fitted=fitted_to(seen, source.classes, strange))


def fitted_to(
    seen: Seen, classes: tuple[str, ...], unknown: Seen | None, folds: Sequence[Seen] = ()
) -> Fitted:
    """Images of `seen` whose category is none of the classes are unknown too; `folds` is what other
    models of the recipe make of other images.

    Raises FitError.
    """
    known = seen.known()
    if not len(known.features):
        raise FitError("No validation image shows a category of the model.")
    others = [] if len(known.features) == len(seen.features) else [seen.unknown()]
    if unknown is not None:
        others.append(unknown.features)
    more = [fold.known() for fold in folds]
    return fit(
        known.features,
        [one for part in (known, *more) for one in part.appearances],
        classes,
        Features.together(others) if others else None,
        [fold.features for fold in more],
    )
