"""What a study searches and how trials are drawn from it.

Model, size, frozen layers and epochs are not searched: they decide what a trial costs, so its
scores would not be comparable with the others' at the same epoch. They are flags.
"""

from dataclasses import replace

import numpy as np
from ray import tune as ray_tune

from train.config import TrainConfig

SPACE = {
    # The one that decides most; the best one hangs on the weights, the data and the batch.
    "lr": ray_tune.loguniform(5e-5, 3e-3),
    # How far pretrained layers may move away from what they know.
    "layer_decay": ray_tune.uniform(0.5, 1.0),
    # The guard against learning the rare categories' few images by heart.
    "mixup": ray_tune.uniform(0.0, 0.8),
    # The kept weights are a mean over about 1 / (1 - ema) steps; runs differ in how many they have.
    "ema": ray_tune.choice([0.99, 0.995, 0.998, 0.999]),
    # With the rate it sets the noise of a step, and the number of steps.
    "batch_size": ray_tune.choice([16, 32, 64]),
}
DIGITS = 3


def base(values: dict[str, object]) -> TrainConfig:
    """The config of the flags that were given, with the searched settings at their defaults."""
    workers, accumulate = (int(str(values.get(name, 1))) for name in ("workers", "accumulate"))
    size = divisible(TrainConfig.batch_size, workers * accumulate)
    return TrainConfig.resolved(values | {"batch_size": size})


def trials(default: TrainConfig, count: int) -> tuple[TrainConfig, ...]:
    """The defaults first, to compare with, then settings drawn at random by the config's seed."""
    rng = np.random.default_rng(default.seed)
    return default, *(drawn(default, rng) for _ in range(count - 1))


def drawn(default: TrainConfig, rng: np.random.Generator) -> TrainConfig:
    values = {name: domain.sample(random_state=rng) for name, domain in SPACE.items()}
    settings = {name: float(f"{value:.{DIGITS}g}") for name, value in values.items()}
    size = divisible(int(values["batch_size"]), default.workers * default.accumulate)
    return replace(default, **settings | {"batch_size": size})  # type: ignore[arg-type]


def divisible(size: int, parts: int) -> int:
    """The next larger batch that can be shared out; nonsense is left for TrainConfig to refuse."""
    return size + -size % parts if parts > 0 else size
