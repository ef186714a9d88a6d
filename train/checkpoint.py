"""The checkpoint: weights and how to build the model, readable without running pickled code."""

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from timm.models import VisionTransformer

from handlers.errors import UnusableModel
from handlers.model_config import ModelConfig
from train.doubt.fitted import Fitted
from train.models import InitError, build, differences, load_plain

KIND = "skin-lesion-checkpoint-"
FORMAT = f"{KIND}3"
# Nothing was fitted for it.
WITHOUT_FITTED = f"{KIND}2"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """`training` says what the weights come from: the command, commit, data and its numbers.

    `views` of an image are averaged for an answer; `trained_on` names the training images, and
    after them those of the weights it started from, so that none of them is ever counted as
    evidence. Without `fitted` answers are bare probabilities.
    """

    architecture: str
    classes: tuple[str, ...]
    image_size: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    views: int
    trained_on: tuple[str, ...]
    training: dict[str, str | int | float]
    state_dict: dict[str, torch.Tensor]
    fitted: Fitted | None = None

    def as_bytes(self) -> bytes:
        buffer = io.BytesIO()
        fitted = None if self.fitted is None else self.fitted.as_plain()
        torch.save({"format": FORMAT} | vars(self) | {"fitted": fitted}, buffer)
        return buffer.getvalue()

    @property
    def training_images(self) -> int:
        """Of its own run; a model from elsewhere may not say."""
        return int(self.training.get("training_images", len(self.trained_on)))

    def model(self) -> VisionTransformer:
        model = build(self.architecture, len(self.classes))
        own = model.state_dict()
        if problems := differences(self.state_dict, own):
            raise InitError(f"The checkpoint does not fit {self.architecture}: {problems}.")
        model.load_state_dict(self.state_dict)
        return model.eval()


def read(file: Path) -> Checkpoint:
    """Raises InitError for a file that is not this project's checkpoint."""
    if not file.exists():
        raise InitError(f"There is no checkpoint {file}: train one (python -m train.run).")
    values = load_plain(file)
    names = {field.name for field in fields(Checkpoint)}
    if isinstance(values, dict) and values.get("format") == WITHOUT_FITTED:
        values |= {"format": FORMAT, "fitted": None}
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT or set(values) != names:
        raise InitError(f"{file} is no checkpoint of this project.")
    for name in ("classes", "trained_on"):
        values[name] = tuple(values[name])
    if values["fitted"] is not None:
        try:
            values["fitted"] = Fitted.of_plain(values["fitted"])
        except UnusableModel as error:
            raise InitError(f"{file}: {error}") from error
    return Checkpoint(**values)


def is_own(file: Path) -> bool:
    """Whether it is a checkpoint of this project, of whatever form."""
    return own_values(file) is not None


def trained_on(file: Path) -> tuple[str, ...]:
    """What a checkpoint of this project names, of whatever form; nothing for another file."""
    return tuple((own_values(file) or {}).get("trained_on", ()))


def own_values(file: Path) -> dict[str, Any] | None:
    if not file.is_file() or file.suffix == ".safetensors":
        return None
    values = load_plain(file)
    if not isinstance(values, dict) or not str(values.get("format")).startswith(KIND):
        return None
    return values


def halved(state_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Matrices in 16 bits, so the file is half as large; norms and statistics stay in 32."""
    return {
        name: tensor.detach().cpu().half() if tensor.dim() > 1 else tensor.detach().cpu().clone()
        for name, tensor in state_dict.items()
    }


def config_of(architecture: str, classes: tuple[str, ...], model: VisionTransformer) -> ModelConfig:
    """The model config a training run validates with; the export adds name and hashes."""
    pretrained = model.pretrained_cfg
    return ModelConfig(
        name="skin_vit",
        version="0",
        architecture=architecture,
        checkpoint_sha256="",
        classes=classes,
        # What it was built for: what timm says of its weights may be another size.
        image_size=model.patch_embed.img_size[0],
        interpolation=pretrained["interpolation"],
        mean=tuple(pretrained["mean"]),
        std=tuple(pretrained["std"]),
        temperature=1.0,
    )
