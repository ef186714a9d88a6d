"""TrainConfig: what a training run can be told, and the command line made from it."""

import argparse
import math
import shlex
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Self, get_type_hints

from train.models import DEFAULT_MODEL, SMALLEST_MODEL


class ConfigError(Exception):
    """A setting that can't work; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Each annotation is the flag's help. `resolved` chooses a model and init to suit the data."""

    data: Annotated[
        str | None,
        "folder with the ISIC 2019 CSVs and images, or with Train/<class>/ and Test/<class>/;"
        " without it, lesions are generated",
    ] = None
    model: Annotated[str, f"timm name of a ViT ({DEFAULT_MODEL}; without --data {SMALLEST_MODEL})"]
    init: Annotated[
        str,
        "starting weights: imagenet (timm's download), none, or a .pth or .safetensors file"
        " (imagenet; without --data none)",
    ]
    epochs: Annotated[int, "passes over the training images"] = 12
    batch_size: Annotated[int, "images a step, over all workers together"] = 32
    lr: Annotated[
        float, "peak learning rate of AdamW, per step; pretrained tensors get a quarter of it"
    ] = 5e-4
    workers: Annotated[int, "Ray Train workers; each takes a GPU where there is one"] = 1
    ray_address: Annotated[str | None, "address of a Ray cluster (this machine alone)"] = None
    seed: Annotated[int, "of the split, the weights, the order and the augmentation"] = 0
    out: Annotated[str, "folder for best_model.pth and the run's own files"] = "model_store"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "lr", "workers"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"--{name.replace('_', '-')} must be more than 0.")
        if not math.isfinite(self.lr):
            raise ConfigError("--lr must be a finite number.")
        if self.seed < 0:
            raise ConfigError("--seed must be 0 or more.")
        if self.batch_size % self.workers:
            raise ConfigError("--batch-size must be a multiple of --workers.")

    @classmethod
    def resolved(cls, values: dict[str, object]) -> Self:
        generated = values.get("data") is None
        defaults = {
            "model": SMALLEST_MODEL if generated else DEFAULT_MODEL,
            "init": "none" if generated else "imagenet",
        }
        config = cls(**defaults | values)  # type: ignore[arg-type]
        if config.init in ("imagenet", "none"):
            return config
        # Absolute, as a training worker runs in a folder of its own.
        return replace(config, init=str(Path(config.init).resolve()))

    def as_dict(self) -> dict[str, str | int | float | None]:
        return asdict(self)

    def command(self) -> str:
        """The command that gives this run, without what is at its default."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        default = asdict(type(self).resolved({"data": self.data}))
        words = [
            f"--{k.replace('_', '-')} {shlex.quote(str(v))}"
            for k, v in given.items()
            if v != default[k]
        ]
        if self.data is not None:
            words.insert(0, f"--data {shlex.quote(self.data)}")
        return " ".join(["python -m train.run", *words])


def parse(arguments: list[str] | None = None) -> tuple[dict[str, object], bool]:
    """The flags that were given, and whether to resume."""
    parser = argparse.ArgumentParser(
        prog="python -m train.run",
        description="Train a Vision Transformer on pictures of skin lesions.",
        argument_default=argparse.SUPPRESS,
    )
    hints = get_type_hints(TrainConfig, include_extras=True)
    for item in fields(TrainConfig):
        kind, text = hints[item.name].__origin__, hints[item.name].__metadata__[0]
        given_type = next((t for t in (int, float) if kind is t), str)
        default = "" if item.default in (None, MISSING) else f" ({item.default})"
        parser.add_argument(
            f"--{item.name.replace('_', '-')}", type=given_type, help=f"{text}{default}"
        )
    parser.add_argument(
        "--resume",
        action="store_true",
        default=False,
        help="go on with the newest run in --out, with its settings; --epochs may be raised",
    )
    values = vars(parser.parse_args(arguments))
    return values, bool(values.pop("resume"))
