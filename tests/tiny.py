"""The smallest model: timm's test_vit with seeded random weights, as training would leave it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from handlers.categories import WITHOUT_UNKNOWN
from handlers.fitted import Rule, SetLimits, UnknownLimit
from handlers.model_config import ModelConfig
from handlers.quality import Limits
from handlers.temperature import Pairs
from mar_config.build import build as build_archive
from tests.measured import EVIDENCE
from train import pth_to_pt
from train.checkpoint import Checkpoint, config_of, halved
from train.config import TrainConfig
from train.doubt.fitted import FEATURES, Fitted, Known
from train.doubt.temperature import Scaling
from train.models import SMALLEST_MODEL, build
from train.optimisation import BalancedLoss
from train.step import Stepper


@dataclass(frozen=True, kw_only=True)
class Exported:
    """All that the export writes, below one folder."""

    checkpoint: Path
    model: Path
    config: Path
    archive: Path


def config(**changes: Any) -> ModelConfig:  # noqa: ANN401  # any field of it
    """A model config for tests that need no model: 32 pixels, eight classes."""
    return replace(
        ModelConfig(
            name="skin_vit",
            version="1.0",
            architecture=SMALLEST_MODEL,
            checkpoint_sha256="",
            classes=WITHOUT_UNKNOWN,
            image_size=32,
            interpolation="bicubic",
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
            temperature=1.0,
        ),
        **changes,
    )


def checkpoint(architecture: str = SMALLEST_MODEL, seed: int = 0) -> Checkpoint:
    torch.manual_seed(seed)
    model = build(architecture, len(WITHOUT_UNKNOWN))
    # Spread out, so that two pictures get probabilities that differ well above 1e-6.
    torch.nn.init.normal_(model.head.weight, std=1.0)
    settings = config_of(architecture, WITHOUT_UNKNOWN, model)
    return Checkpoint(
        architecture=architecture,
        classes=settings.classes,
        image_size=settings.image_size,
        interpolation=settings.interpolation,
        mean=settings.mean,
        std=settings.std,
        views=1,
        trained_on=(),
        training={"command": "none: random weights"},
        state_dict=halved(model.state_dict()),
        fitted=fitted(settings.classes, model.num_features),
    )


def fitted(classes: tuple[str, ...], width: int) -> Fitted:
    """By which some of the drawings are unknown, some sets hold several codes, some rules fire."""
    generator = torch.Generator().manual_seed(0)
    means = torch.randn(len(classes), width, generator=generator, dtype=torch.float64)
    return Fitted(
        scaling=Scaling(temperature=2.0, by_pair=by_pair(len(classes))),
        known=Known(of=FEATURES, means=means, precision=torch.eye(width, dtype=torch.float64)),
        unknown=UnknownLimit(limit=51.65, scale=0.25),
        prediction_set=SetLimits(coverage=0.9, least=dict.fromkeys(classes, 0.1)),
        referral=(
            Rule(name="melanoma", codes=("MEL",), threshold=0.1, sensitivity=0.95, specificity=0.6),
            Rule(
                name="malignant",
                codes=("MEL", "BCC", "SCC"),
                threshold=0.5,
                sensitivity=0.95,
                specificity=0.5,
            ),
        ),
        quality=Limits(),
        evidence=EVIDENCE,
    )


def by_pair(outputs: int) -> Pairs:
    """Numbers that change every answer: some pairs are often taken for one another."""
    return tuple(
        tuple((row + column) % 3 / 4 for column in range(outputs)) for row in range(outputs)
    )


def stepper(weights: int = 0, **changes: object) -> Stepper:
    """What trains the tiny model, on pictures of any size; `changes` are to its TrainConfig."""
    torch.manual_seed(weights)
    outputs, device = len(WITHOUT_UNKNOWN), torch.device("cpu")
    module = build(SMALLEST_MODEL, outputs, any_size=True)
    loss = BalancedLoss(list(range(outputs)), outputs, device)
    return Stepper(module, module, TrainConfig.resolved(changes), loss, device)


def export(folder: Path, checkpoint_file: Path | None = None) -> Exported:
    """The tiny checkpoint, or the one at `checkpoint_file`, as model, config and archive."""
    if checkpoint_file is None:
        checkpoint_file = folder / "best_model.pth"
        # As the default: what several views are averaged to is the same from both backends.
        checkpoint_file.write_bytes(replace(checkpoint(), views=2).as_bytes())
    model, config = folder / "skin_vit.pt", folder / "skin_lesion_model_config.json"
    status = pth_to_pt.main(
        ["--checkpoint", str(checkpoint_file), "--out", str(model), "--config", str(config)]
    )
    assert status == 0
    return Exported(
        checkpoint=checkpoint_file,
        model=model,
        config=config,
        archive=build_archive(model, config, folder),
    )
