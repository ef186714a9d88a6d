"""timm models and their weights."""

import pickle
import re
import struct
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models import VisionTransformer

from train.lite2 import Lite2, skin_vit_lite2_224

DEFAULT_MODEL = skin_vit_lite2_224.__name__
SMALLEST_MODEL = "test_vit"
BACKBONE = "patch_embed.backbone."
# A distilled model has two.
HEADS = ("head.", "head_dist.")
# By which torch.load refuses pickled code, and trips over other and cut files.
UNLOADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    LookupError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    struct.error,
)


class InitError(Exception):
    """The starting weights can't be had or don't fit; the text says what to do."""


def build(
    name: str, outputs: int, init: str = "none", *, any_size: bool = False
) -> VisionTransformer:
    """A timm ViT with `outputs` logits; `init` is imagenet, none or a file of weights.

    With `any_size` it takes pictures of other sizes too, for training; the weights are the same.
    """
    if not timm.is_model(name):
        raise InitError(f"timm has no model {name!r}: see timm.list_models('*vit*').")
    try:
        model = timm.create_model(
            name,
            pretrained=init == "imagenet",
            num_classes=outputs,
            # Only then given, as what is no Vision Transformer may not know it.
            **({"dynamic_img_size": True} if any_size else {}),
        )
    except (OSError, RuntimeError) as error:
        if init != "imagenet":
            raise InitError(f"timm can't build {name}: {error}.") from error
        raise InitError(
            f"The ImageNet weights of {name} can't be had ({type(error).__name__}): connect this"
            " machine to the internet, or give a local file or none with --init."
        ) from error
    if not isinstance(model, VisionTransformer):
        raise InitError(f"{name} is no Vision Transformer: see timm.list_models('*vit*').")
    if init not in ("imagenet", "none"):
        load_weights(model, Path(init))
    return model


def load_weights(model: VisionTransformer, file: Path) -> None:
    """Everything but a head of another size must fit."""
    tensors = read_tensors(file)
    own = model.state_dict()
    for name in [name for name in own if name.startswith(HEADS)]:
        if name in tensors and tensors[name].shape != own[name].shape:
            del tensors[name]
        tensors.setdefault(name, own[name])
    if problems := differences(tensors, own):
        raise InitError(f"{file} does not fit the model: {problems}.")
    model.load_state_dict(tensors)


def read_tensors(file: Path) -> dict[str, torch.Tensor]:
    """The weights in a .safetensors or .pth file, be it a bare state_dict or our checkpoint."""
    if not file.is_file():
        raise InitError(f"There is no file {file}: give imagenet, none or a .pth or .safetensors.")
    if file.suffix == ".safetensors":
        try:
            return dict(load_file(file))
        except SafetensorError as error:
            raise InitError(f"{file} is no safetensors file: {error}.") from error
    values = load_plain(file)
    if isinstance(values, dict) and isinstance(values.get("state_dict"), dict):
        values = values["state_dict"]
    if not isinstance(values, dict) or not all(
        isinstance(name, str) and torch.is_tensor(v) for name, v in values.items()
    ):
        raise InitError(f"{file} holds no state_dict: save model.state_dict() with torch.save.")
    # What DataParallel and torch.compile put before each name.
    return {re.sub(r"^((module|_orig_mod)\.)+", "", name): v for name, v in values.items()}


def load_plain(file: Path) -> object:
    """What torch.save wrote, if it is nothing but tensors and plain values; no code is run."""
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except UNLOADABLE as error:
        raise InitError(
            f"{file} is no checkpoint, or holds more than plain weights:"
            " save model.state_dict() with torch.save."
        ) from error


def differences(given: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> str:
    """Which tensors are missing, unknown or of another shape, in words; empty if none."""
    missing = [name for name in expected if name not in given]
    unknown = [name for name in given if name not in expected]
    reshaped = [
        f"{name} is {tuple(given[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in given and given[name].shape != tensor.shape
    ]
    parts = (("missing: ", missing), ("unknown: ", unknown), ("of another shape: ", reshaped))
    return "; ".join(title + ", ".join(names) for title, names in parts if names)


def pretrained_names(model: VisionTransformer, init: str) -> set[str]:
    """The parameters that start from pretrained weights, and so should move slowly."""
    names = {name for name, _ in model.named_parameters() if not name.startswith(HEADS)}
    if init == "none":
        return set()
    if init == "imagenet" and isinstance(getattr(model.patch_embed, "backbone", None), Lite2):
        return {name for name in names if name.startswith(BACKBONE)}
    return names
