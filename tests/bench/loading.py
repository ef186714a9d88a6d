"""What loading costs training: a step on real images as a share of one on tensors in memory, and
our loader's images a second as a multiple of timm's. Goal of the first on 2 cores: 0.95.

python -m tests.bench.loading DATA_FOLDER [--steps N] [--precision bf16]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pandas as pd
import torch
from timm.data import create_dataset, create_loader
from torchvision.transforms import (  # type: ignore[import-untyped]  # it carries none
    InterpolationMode,
    RandomRotation,
)

from handlers.categories import WITHOUT_UNKNOWN
from handlers.model_config import ModelConfig
from train.checkpoint import config_of
from train.config import TrainConfig
from train.data.augment import COLOUR, ZOOM
from train.data.cache import ImageCache
from train.data.layouts import read
from train.data.loading import LesionImages, batches, epoch_order, loading_processes, to_inputs
from train.fit import MEMORY
from train.layers import freeze, train_mode
from train.models import build
from train.optimisation import BalancedLoss
from train.step import Stepper

ROUNDS = 7
# After a pause a loader has this much ready, and loads it while the other side is measured.
UNTIMED = 4
CLASSES = len(WITHOUT_UNKNOWN)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
Batch = tuple[torch.Tensor, torch.Tensor]


def images_per_second(take: Callable[[], object], steps: int, batch_size: int) -> float:
    for _ in range(UNTIMED):
        take()
    began = time.perf_counter()
    for _ in range(steps):
        take()
    return steps * batch_size / (time.perf_counter() - began)


def compare(
    title: str, one: Callable[[], object], other: Callable[[], object], steps: int, batch_size: int
) -> None:
    """By turns, as a machine's pace changes within minutes."""
    pairs = [
        [images_per_second(take, steps, batch_size) for take in (one, other)] for _ in range(ROUNDS)
    ]
    ratios = [ours / theirs for ours, theirs in pairs]
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    each = " and ".join(f"{statistics.median(paces):.0f}" for paces in zip(*pairs, strict=True))
    print(f"{title}: {middle:.2f} ({low:.2f} to {high:.2f}); {each} images a second")  # noqa: T201


def ours(images: LesionImages, config: TrainConfig, steps: int) -> Iterator[Batch]:
    """Enough for all rounds, in the order and by the processes of a training run."""
    needed = ROUNDS * (UNTIMED + steps) * config.batch_size
    epochs = range(-(-needed // len(images)))
    keys = [
        key for epoch in epochs for key in epoch_order(images.labels, CLASSES, config.seed, epoch)
    ]
    return iter(batches(images, keys[:needed], config.batch_size, loading_processes(1)))


def timms(folder: Path, settings: ModelConfig, config: TrainConfig) -> Iterator[Batch]:
    """Squares, flips, turns and colours like ours, from the original files, without end."""
    loader = create_loader(
        create_dataset("", root=str(folder)),
        input_size=(3, config.train_size, config.train_size),
        batch_size=config.batch_size,
        is_training=True,
        scale=tuple(side**2 for side in ZOOM),
        ratio=(1.0, 1.0),
        vflip=0.5,
        color_jitter=COLOUR,
        mean=settings.mean,
        std=settings.std,
        num_workers=loading_processes(1),
        device=DEVICE,
    )
    turn = RandomRotation(180, InterpolationMode.BILINEAR)
    loader.dataset.transform.transforms.insert(1, turn)
    while True:
        yield from loader


def stepper(config: TrainConfig, labels: list[int]) -> tuple[Stepper, ModelConfig]:
    module = build(config.model, CLASSES, config.init, any_size=True)
    freeze(module, config.freeze)
    module.to(DEVICE, memory_format=torch.channels_last)
    train_mode(module, keep_statistics=config.init != "none")
    loss = BalancedLoss(labels, CLASSES, DEVICE)
    settings = config_of(config.model, WITHOUT_UNKNOWN, module)
    return Stepper(module, module, config, loss, DEVICE), settings


def linked(table: pd.DataFrame, folder: Path) -> Path:
    """The same images as class folders, which timm reads."""
    for row in table.itertuples():
        file = folder / str(row.code) / Path(str(row.path)).name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(str(row.path))
    return folder


def main() -> None:
    if os.environ | MEMORY != os.environ:
        # Read when a process starts, as a training worker does.
        words = [sys.executable, "-m", "tests.bench.loading", *sys.argv[1:]]
        os.execve(sys.executable, words, os.environ | MEMORY)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=20, help="in each block that is timed (20)")
    parser.add_argument("--precision", default="auto", help="of the steps (auto)")
    given = parser.parse_args()
    config = TrainConfig.resolved({"data": str(given.data), "precision": given.precision})
    size = config.batch_size
    table = read(given.data).query("code != 'UNK'").drop_duplicates("path")
    table = table.sample(min(len(table), ROUNDS * (UNTIMED + given.steps) * size), random_state=0)
    labels = [WITHOUT_UNKNOWN.index(code) for code in table["code"]]
    training, settings = stepper(config, labels)
    number = count()
    with tempfile.TemporaryDirectory() as folder:
        cache = ImageCache(Path(folder, "cache"), settings, config.train_size)
        images = LesionImages(table, settings, cache)
        loaded = ours(images, config, given.steps)
        ready = (
            torch.randint(256, (size, config.train_size, config.train_size, 3), dtype=torch.uint8),
            torch.tensor(labels[:size]),
        )

        def step(pictures: torch.Tensor, known: torch.Tensor) -> None:
            training.step(to_inputs(pictures, settings, DEVICE), known, next(number), 0.5)

        compare(
            "a step with loading, of one without",
            lambda: step(*next(loaded)),
            lambda: step(*ready),
            given.steps,
            size,
        )
        alone, other = (
            ours(images, config, given.steps),
            timms(linked(table, Path(folder, "links")), settings, config),
        )
        compare(
            "our loader alone, of timm's",
            lambda: to_inputs(next(alone)[0], settings, DEVICE),
            lambda: next(other),
            given.steps,
            size,
        )


if __name__ == "__main__":
    main()
