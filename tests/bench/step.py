"""What 16 bits and our own layers save: the default model's steps a second in bf16 as a multiple of
those in fp32, and both as a multiple of those of the same model with timm's layers.

python -m tests.bench.step [--steps N]
"""

import argparse
import os
import sys
from collections.abc import Callable
from itertools import count

import timm
import torch
from timm.models import VisionTransformer
from timm.models.vision_transformer_hybrid import HybridEmbed

from tests.bench.loading import CLASSES, DEVICE, compare
from train.config import TrainConfig
from train.fit import MEMORY
from train.layers import train_mode
from train.models import build
from train.optimisation import BalancedLoss
from train.step import Stepper

SIDE = 192


def ours() -> VisionTransformer:
    return build("skin_vit_lite2_224", CLASSES, "imagenet", any_size=True)


def timms() -> VisionTransformer:
    return VisionTransformer(
        embed_layer=lambda **layer: HybridEmbed(
            timm.create_model("efficientnet_lite2", features_only=True, out_indices=(4,)), **layer
        ),
        img_size=224, patch_size=1, embed_dim=192, depth=6, num_heads=3, num_classes=CLASSES,
        dynamic_img_size=True,
    )  # fmt: skip


def steps(module: VisionTransformer, precision: str) -> Callable[[], object]:
    config = TrainConfig.resolved({"precision": precision, "init": "none"})
    labels = torch.arange(config.batch_size) % CLASSES
    module.to(DEVICE, memory_format=torch.channels_last)
    # As pretrained norms do in a run.
    train_mode(module, keep_statistics=True)
    loss = BalancedLoss(labels.tolist(), CLASSES, DEVICE)
    stepper, number = Stepper(module, module, config, loss, DEVICE), count()
    inputs = torch.randn(config.batch_size, 3, SIDE, SIDE)
    return lambda: stepper.step(inputs, labels, next(number), 0.5)


def main() -> None:
    if os.environ | MEMORY != os.environ:
        # Read when a process starts, as a training worker does.
        words = [sys.executable, "-m", "tests.bench.step", *sys.argv[1:]]
        os.execve(sys.executable, words, os.environ | MEMORY)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3, help="in each block that is timed (3)")
    given = parser.parse_args()
    size = TrainConfig.resolved({}).batch_size
    ours_16, ours_32 = steps(ours(), "bf16"), steps(ours(), "fp32")
    timms_16, timms_32 = steps(timms(), "bf16"), steps(timms(), "fp32")
    for title, one, other in (
        ("bf16, of fp32", ours_16, ours_32),
        ("bf16, of timm's layers in bf16", ours_16, timms_16),
        ("fp32, of timm's layers in fp32", ours_32, timms_32),
    ):
        compare(title, one, other, given.steps, size)


if __name__ == "__main__":
    main()
