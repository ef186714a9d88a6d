"""A Vision Transformer's layers from input to output: how fast each is to move, if at all."""

import re

import torch
from timm.models import VisionTransformer
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

# What a name starts with says which layer it is of.
STAGE = re.compile(r"patch_embed\.backbone\.(blocks\.\d+|stages\.\d+|layer\d+)\.")
EMBEDDING = re.compile(r"(patch_embed|cls_token|dist_token|reg_token|pos_embed|norm_pre)\b")
BLOCK = re.compile(r"blocks\.\d+\.")


def layers(model: VisionTransformer) -> list[list[str]]:
    """Names of the parameters, layer by layer: a convolutional stem and its stages if the patch
    embedding has them, the embedding, the transformer's blocks, the norms after them, the head."""
    stem: list[str] = []
    stages: dict[str, list[str]] = {}
    embedding: list[str] = []
    blocks: dict[str, list[str]] = {}
    norms: list[str] = []
    head: list[str] = []
    for name, _ in model.named_parameters():
        if stage := STAGE.match(name):
            stages.setdefault(stage.group(), []).append(name)
        elif name.startswith("patch_embed.backbone."):
            stem.append(name)
        elif EMBEDDING.match(name):
            embedding.append(name)
        elif block := BLOCK.match(name):
            blocks.setdefault(block.group(), []).append(name)
        elif name.startswith("head"):
            head.append(name)
        else:
            norms.append(name)
    ordered = [stem, *stages.values(), embedding, *blocks.values(), norms, head]
    return [names for names in ordered if names]


def rates(model: VisionTransformer, pretrained: set[str], decay: float) -> dict[str, float]:
    """Each parameter's share of the peak rate: 1 if new, else `decay` for each layer from the top.

    Layer-wise decay as in BEiT (Bao et al. 2021, arXiv:2106.08254), counted from the topmost
    layer that is pretrained.
    """
    ordered = layers(model)
    top = max((k for k, names in enumerate(ordered) if pretrained & set(names)), default=0)
    return {
        name: decay ** (1 + top - k) if name in pretrained else 1.0
        for k, names in enumerate(ordered)
        for name in names
    }


def freeze(model: VisionTransformer, layers_kept: str) -> None:
    """So many of the first layers, or all, keep their weights and statistics; the head never."""
    below = layers(model)[:-1]
    count = len(below) if layers_kept == "all" else int(layers_kept)
    frozen = {name for names in below[:count] for name in names}
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name not in frozen


def train_mode(model: torch.nn.Module, *, keep_statistics: bool) -> None:
    """Training mode, but for the modules whose every parameter is frozen.

    `keep_statistics` is for pretrained weights: their batch norms go on using the statistics of
    the pretraining, not a small batch's. Their scales and shifts are still learnt.
    """
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        frozen = parameters and not any(parameter.requires_grad for parameter in parameters)
        if frozen or (keep_statistics and isinstance(module, BatchNorm)):
            module.eval()
