"""The model config: all that changes an answer, written by the export, obeyed by everyone."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self, get_args, get_origin

from handlers.categories import CODES
from handlers.errors import UnusableModel


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """`classes` names the model's outputs in order; a code may stand twice and is then summed."""

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

    @classmethod
    def load(cls, path: Path) -> Self:
        try:
            values = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise UnusableModel(
                f"No model config at {path}: export one (train.pth_to_pt)."
            ) from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise UnusableModel(f"{path} is not JSON ({error}): export it again.") from error
        if not isinstance(values, dict):
            raise UnusableModel(f"{path} is not a model config: export it again (train.pth_to_pt).")
        return cls.from_json(values)

    @classmethod
    def from_json(cls, values: dict[str, object]) -> Self:
        names = {field.name for field in fields(cls)}
        if odd := sorted(names ^ set(values)):
            raise UnusableModel(f"Model config with missing or unknown keys: {', '.join(odd)}.")
        if misfits := [
            field.name for field in fields(cls) if not fits(values[field.name], field.type)
        ]:
            raise UnusableModel(f"Model config with values of another type: {', '.join(misfits)}.")
        return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})  # type: ignore[arg-type]  # checked above

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @property
    def sha256(self) -> str:
        """Of the values, not of the file: spacing does not matter, every number does."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def fits(value: object, kind: object) -> bool:
    """Whether a value from JSON has the type of a field: a list where that is a tuple."""
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(fits(item, get_args(kind)[0]) for item in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str if kind is str else int) and not isinstance(value, bool)
