"""The order of a training epoch and the batches made from it, the same whatever reads them."""

import os

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset

from handlers.model_config import ModelConfig
from train.data.augment import augment
from train.data.cache import ImageCache

# An epoch draws a category's images in proportion to count ** BALANCE: 1 as they are, 0 all alike.
BALANCE = 0.5


class LesionImages(Dataset[tuple[torch.Tensor, int]]):
    """Asked for (row, seed) it augments, for a row alone it does what the service does.

    Gives 8-bit RGB (size, size, 3), which `to_inputs` makes the model's: a quarter of the bytes to
    hand over, and the arithmetic is done for a whole batch where the model is. One set is asked in
    one of the two ways only: its cache holds pictures of that kind.
    """

    def __init__(self, table: pd.DataFrame, config: ModelConfig, cache: ImageCache) -> None:
        self.paths = table["path"].tolist()
        self.labels = [config.classes.index(code) for code in table["code"]]
        self.config, self.cache = config, cache
        cache.fill(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[torch.Tensor, int]:
        row = key[0] if isinstance(key, tuple) else key
        square = self.cache.picture(self.paths[row])
        if isinstance(key, tuple):
            assert self.cache.train_size is not None
            square = augment(square, self.cache.train_size, np.random.default_rng(key[1]))
        else:
            # The cache's own pixels can only be read.
            square = square.copy()
        return torch.from_numpy(square), self.labels[row]


def drawing_shares(labels: list[int], classes: int) -> np.ndarray:
    """(classes,) Share of each category among the images an epoch draws; sums to 1."""
    counts = np.bincount(labels, minlength=classes).astype(float)
    weights = np.where(counts > 0, counts**BALANCE, 0.0)
    shares: np.ndarray = weights / weights.sum()
    return shares


def epoch_order(labels: list[int], classes: int, seed: int, epoch: int) -> list[tuple[int, int]]:
    """(row, augmentation seed) for as many images as there are; balanced, then shuffled.

    Each category's images are used in turn, so none is drawn twice before all were drawn once.
    """
    rng = np.random.default_rng((seed, epoch))
    quotas = rng.multinomial(len(labels), drawing_shares(labels, classes))
    rows: list[int] = []
    for category, quota in enumerate(quotas):
        members = np.flatnonzero(np.asarray(labels) == category)
        while quota > 0:
            rows.extend(rng.permutation(members)[:quota].tolist())
            quota -= len(members)
    order = rng.permutation(len(rows))
    seeds = rng.integers(2**31, size=len(rows))
    return [(rows[place], int(seeds[place])) for place in order]


def batches(
    images: LesionImages, keys: list[int] | list[tuple[int, int]], batch_size: int, processes: int
) -> DataLoader[tuple[torch.Tensor, int]]:
    return DataLoader(
        images,
        batch_size=batch_size,
        sampler=keys,
        num_workers=processes,
        pin_memory=torch.cuda.is_available(),
    )


def to_inputs(pictures: torch.Tensor, config: ModelConfig, device: torch.device) -> torch.Tensor:
    """8-bit RGB (n, height, width, 3) -> (n, 3, height, width), channels last in memory: to the bit
    what handlers.preprocess.normalise makes of each."""
    mean, std = (torch.tensor(numbers, device=device) for numbers in (config.mean, config.std))
    values = pictures.to(device, non_blocking=True).float().div_(255)
    return values.sub_(mean).div_(std).permute(0, 3, 1, 2)


def loading_processes(workers: int) -> int:
    """Per training worker; the cores of a GPU machine feed it, two CPU cores train themselves."""
    share = (os.cpu_count() or 1) // workers
    return min(8, share) if torch.cuda.is_available() else 1
