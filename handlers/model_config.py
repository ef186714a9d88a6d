"""The model config: all that changes an answer, written by the export, obeyed by everyone."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from handlers.categories import CODES
from handlers.errors import UnusableModel
from handlers.fitted import Rule, SetLimits, UnknownLimit
from handlers.from_json import built
from handlers.quality import Limits
from handlers.temperature import Pairs, fits


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """`classes` names the model's outputs in order; a code may stand twice and is then summed.

    Without what is fitted on validation images an answer has null in its place.
    """

    name: str
    version: str
    architecture: str
    checkpoint_sha256: str
    classes: tuple[str, ...]
    image_size: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    temperature: float
    temperature_by_pair: Pairs = ()
    unknown: UnknownLimit | None = None
    prediction_set: SetLimits | None = None
    referral: tuple[Rule, ...] = ()
    quality: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.classes) - set(CODES)):
            raise UnusableModel(f"Not categories of ISIC 2019: {', '.join(unknown)}.")
        if self.interpolation not in ("bilinear", "bicubic"):
            raise UnusableModel(f"Interpolation must be bilinear or bicubic: {self.interpolation}.")
        numbers = (*self.mean, *self.std, self.temperature)
        if not (
            self.classes
            and self.image_size >= 1
            and (len(self.mean), len(self.std)) == (3, 3)
            and all(math.isfinite(number) for number in numbers)
            and min(*self.std, self.temperature) > 0
        ):
            raise UnusableModel("Classes, image size, temperature, mean or std is out of range.")
        if not fits(self.temperature_by_pair, len(self.classes)):
            raise UnusableModel("The temperature by pair is not a number for each two classes.")

    @classmethod
    def load(cls, path: Path) -> Self:
        try:
            values = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise UnusableModel(
                f"No model config at {path}: export one (train.pth_to_pt)."
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise UnusableModel(f"{path} is not JSON ({error}): export it again.") from error
        if not isinstance(values, dict):
            raise UnusableModel(f"{path} is not a model config: export it again (train.pth_to_pt).")
        return cls.from_json(values)

    @classmethod
    def from_json(cls, values: dict[str, object]) -> Self:
        config: Self = built(cls, values)
        return config

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @property
    def sha256(self) -> str:
        """Of the values, not of the file: spacing does not matter, every number does."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
