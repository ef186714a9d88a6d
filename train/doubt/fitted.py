"""What is fitted on validation images, as a checkpoint keeps it."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import torch

from handlers.errors import UnusableModel
from handlers.fitted import Rule, SetLimits, UnknownLimit
from handlers.from_json import built
from handlers.model_config import ModelConfig
from handlers.quality import Limits
from handlers.temperature import Pairs
from train.doubt.temperature import Scaling

FEATURES = "features"
# Of what was fitted before features were looked at.
EMBEDDING = "embedding"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What features or embeddings of the categories are like: their means (k, d) and the inverse
    (d, d) of the covariance that they share."""

    of: str
    means: torch.Tensor
    precision: torch.Tensor

    def __post_init__(self) -> None:
        if self.of not in (FEATURES, EMBEDDING):
            raise UnusableModel(f"Distances can't be taken of {self.of!r}.")
        shapes = [getattr(values, "shape", None) for values in (self.means, self.precision)]
        width = shapes[0][-1] if shapes[0] else 0
        if shapes != [(len(self.means), width), (width, width)]:
            raise UnusableModel("The means or the precision of features are of another shape.")


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """`evidence` are plain numbers for the card, each of images that were not fitted on.

    `images` are the names of the checkpoint's own that it was fitted to; what folds answered for it
    was trained on. They are empty where it was fitted before they were kept.
    """

    scaling: Scaling
    known: Known
    unknown: UnknownLimit
    prediction_set: SetLimits
    referral: tuple[Rule, ...]
    quality: Limits
    evidence: dict[str, Any]
    images: tuple[str, ...] = ()

    def within(self, config: ModelConfig) -> ModelConfig:
        """`config` with all that changes an answer."""
        return replace(
            config,
            temperature=self.scaling.temperature,
            temperature_by_pair=self.scaling.by_pair,
            unknown=self.unknown,
            prediction_set=self.prediction_set,
            referral=self.referral,
            quality=self.quality,
        )

    def told(self) -> dict[str, Any]:
        """What a report says of it."""
        rules = [listed(rule) for rule in self.referral]
        return self.evidence | {
            "temperature": self.scaling.temperature,
            "distance_of": self.known.of,
            "referral": rules,
        }

    def as_plain(self) -> dict[str, Any]:
        """Dicts, lists, numbers, texts and tensors."""
        values = asdict(self) | {
            "referral": [listed(rule) for rule in self.referral],
            "images": list(self.images),
        }
        scaling = values.pop("scaling")
        return values | {
            "temperature": scaling["temperature"],
            "temperature_by_pair": [list(row) for row in scaling["by_pair"]],
        }

    @classmethod
    def of_plain(cls, values: dict[str, Any]) -> Self:
        """Raises UnusableModel for what `as_plain` did not write."""
        try:
            return cls(
                scaling=scaling_of(values),
                known=Known(**{"of": EMBEDDING} | values["known"]),
                unknown=built(UnknownLimit, values["unknown"], "unknown"),
                prediction_set=built(SetLimits, values["prediction_set"], "prediction_set"),
                referral=built(tuple[Rule, ...], values["referral"], "referral"),
                quality=built(Limits, values["quality"], "quality"),
                evidence=dict(values["evidence"]),
                images=tuple(values.get("images", ())),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableModel(f"What was fitted can't be read: {error}.") from error


def scaling_of(values: dict[str, Any]) -> Scaling:
    return Scaling(
        temperature=built(float, values["temperature"], "temperature"),
        # What was fitted before there was one has none.
        by_pair=built(Pairs, values.get("temperature_by_pair", []), "temperature_by_pair"),
    )


def listed(rule: Rule) -> dict[str, Any]:
    return asdict(rule) | {"codes": list(rule.codes)}
