"""TrainConfig: what a training run can be told, and the command line made from it."""

import argparse
import math
import os
import shlex
import shutil
from collections.abc import Collection
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Self, get_type_hints

from handlers.categories import WITHOUT_UNKNOWN
from train.models import DEFAULT_MODEL, SMALLEST_MODEL
from train.precision import CHOICES

# Where a run is made and kept; the weights are the same.
PLACES = ("out", "ray_address")
# What may be elsewhere when a run is resumed; the data must be the same.
MOVABLE = ("data", *PLACES)


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


class ConfigError(Exception):
    """A setting that can't work; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Each annotation is the flag's help. `resolved` chooses a model and init to suit the data."""

    data: Annotated[
        str | None,
        "folder with the ISIC 2019 CSVs and images, with what isic image download wrote, or with"
        " Train/<class>/ and Test/<class>/; without it, lesions are generated",
    ] = None
    model: Annotated[str, f"timm name of a ViT ({DEFAULT_MODEL}; without --data {SMALLEST_MODEL})"]
    init: Annotated[
        str,
        "starting weights: imagenet (timm's download; a package's for the default model), none, or"
        " a .pth or .safetensors file (imagenet; without --data none)",
    ]
    hold_out: Annotated[float, "share of the lesions held out to validate on; 0 trains on all"] = (
        0.2
    )
    fold: Annotated[int, "which of the parts of that size is held out, counted from 0"] = 0
    leave_out: Annotated[
        str | None, "a category none of whose images is used: to a model so trained it is unknown"
    ] = None
    unk_data: Annotated[
        str | None, "folder of images of no category, to which the limit of the unknown is fitted"
    ] = None
    epochs: Annotated[int, "passes over the training images"] = 10
    keep: Annotated[
        str,
        "which epoch's weights are kept: the best by the validation images, or the last, so that"
        " these choose nothing and are looked at once",
    ] = "best"
    patience: Annotated[int, "end after so many epochs that were no better; 0 is never"] = 0
    batch_size: Annotated[int, "images a step, over all workers together"] = 32
    accumulate: Annotated[int, "parts in which a step's images go through the model"] = 1
    lr: Annotated[float, "peak learning rate of AdamW; cosine after a warm-up"] = 5e-4
    layer_decay: Annotated[
        float, "what a pretrained layer's rate is to that of the one above it, 0 to 1"
    ] = 0.75
    freeze: Annotated[
        str,
        "layers from the input that keep their weights: a number, or all for a linear probe;"
        " 3 for the default model, if pretrained",
    ] = "0"
    train_size: Annotated[
        int,
        "pixels of a training picture's side, fewer being faster; 0 is the model's own, and for the"
        " default model it is 192",
    ] = 0
    mixup: Annotated[float, "strength (alpha) of mixup; 0 mixes no pictures"] = 0.2
    ema: Annotated[float, "decay of the weights' moving average, which is what is kept"] = 0.998
    precision: Annotated[
        str, "fp32, bf16, fp16 or auto: 16 bits on a GPU, bf16 if it has that, and fp32 on a CPU"
    ] = "auto"
    views: Annotated[
        int, "mirrored views averaged where the model is validated and served: 1, 2 or 4"
    ] = 2
    compile: Annotated[bool, "compile the model (torch.compile)"] = False
    workers: Annotated[int, "Ray Train workers; each takes a GPU where there is one"] = 1
    ray_address: Annotated[str | None, "address of a Ray cluster (this machine alone)"] = None
    seed: Annotated[int, "of the split, the weights, the order and the augmentation"] = 0
    out: Annotated[str, "folder for best_model.pth and the run's own files"] = "model_store"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "accumulate", "lr", "layer_decay", "workers"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{flag(name)} must be more than 0.")
        if self.seed >= 2**32:
            raise ConfigError("--seed must be less than 2**32.")
        for name in ("seed", "patience", "train_size", "mixup", "ema", "hold_out", "fold"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{flag(name)} must be 0 or more.")
        # Written so that nan is refused too, here and below.
        if not (math.isfinite(self.lr) and self.mixup <= 1000):
            raise ConfigError("--lr must be a finite number, --mixup at most 1000.")
        if not (self.layer_decay <= 1 and self.ema < 1):
            raise ConfigError("--layer-decay must be at most 1, --ema less than 1.")
        # Of so many equal parts, one is held out.
        parts = 1 / self.hold_out if self.hold_out else 2.0
        if not (parts >= 2 and abs(parts - round(parts)) < 0.05):
            raise ConfigError(
                "--hold-out must be 0, or one of 0.5, 0.333, 0.25, 0.2, 0.1 and so on."
            )
        if self.fold and not (self.hold_out and self.fold < round(parts)):
            raise ConfigError(f"--fold must be less than {round(parts) if self.hold_out else 1}.")
        if self.leave_out not in (None, *WITHOUT_UNKNOWN):
            raise ConfigError(f"--leave-out must be one of {', '.join(WITHOUT_UNKNOWN)}.")
        if self.keep not in ("best", "last"):
            raise ConfigError("--keep must be best or last.")
        if self.patience and self.keep == "last":
            raise ConfigError("--patience needs --keep best: it looks at each epoch's validation.")
        if self.batch_size % (self.workers * self.accumulate):
            raise ConfigError("--batch-size must be a multiple of --workers times --accumulate.")
        if self.precision not in CHOICES:
            raise ConfigError(f"--precision must be one of {', '.join(CHOICES)}.")
        if self.views not in (1, 2, 4):
            raise ConfigError("--views must be 1, 2 or 4.")
        if self.compile and not any(map(shutil.which, (os.environ.get("CXX", "c++"), "clang++"))):
            raise ConfigError("--compile needs a C++ compiler: install g++ or leave it out.")
        if self.freeze != "all" and not self.freeze.isdecimal():
            raise ConfigError("--freeze must be a number of layers, or all.")

    @classmethod
    def resolved(cls, values: dict[str, object]) -> Self:
        generated = values.get("data") is None
        defaults: dict[str, object] = {
            "model": SMALLEST_MODEL if generated else DEFAULT_MODEL,
            "init": "none" if generated else "imagenet",
        }
        if values.get("model", defaults["model"]) == DEFAULT_MODEL:
            defaults["train_size"] = 192
            if values.get("init", defaults["init"]) != "none":
                # Two cores are enough then: the first stages, the slowest, are not gone back
                # through. At random they would have to learn.
                defaults["freeze"] = "3"
        config = cls(**defaults | values)  # type: ignore[arg-type]
        if config.init in ("imagenet", "none"):
            return config
        # Absolute, as a training worker runs in a folder of its own.
        return replace(config, init=str(Path(config.init).resolve()))

    def as_dict(self) -> dict[str, str | int | float | None]:
        return asdict(self)

    def command(self) -> str:
        """The command that gives these weights, without what is at its default."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in PLACES}
        default = asdict(type(self).resolved({"data": self.data}))
        words = [
            flag(k) if v is True else f"{flag(k)} {shlex.quote(str(v))}"
            for k, v in given.items()
            if v != default[k]
        ]
        if self.data is not None:
            words.insert(0, f"--data {shlex.quote(self.data)}")
        return " ".join(["python -m train.run", *words])


def add_flags(parser: argparse.ArgumentParser, leave_out: Collection[str] = ()) -> None:
    """One flag for each field, but for those of these names."""
    hints = get_type_hints(TrainConfig, include_extras=True)
    for item in fields(TrainConfig):
        if item.name in leave_out:
            continue
        kind, text = hints[item.name].__origin__, hints[item.name].__metadata__[0]
        if kind is bool:
            parser.add_argument(flag(item.name), action="store_true", help=text)
            continue
        given_type = next((t for t in (int, float) if kind is t), str)
        default = "" if item.default in (None, MISSING) else f" ({item.default})"
        parser.add_argument(flag(item.name), type=given_type, help=f"{text}{default}")


def parse(arguments: list[str] | None = None) -> tuple[dict[str, object], bool]:
    """The flags that were given, and whether to resume."""
    parser = argparse.ArgumentParser(
        prog="python -m train.run",
        description="Train a Vision Transformer on pictures of skin lesions.",
        argument_default=argparse.SUPPRESS,
    )
    add_flags(parser)
    parser.add_argument(
        "--resume",
        action="store_true",
        default=False,
        help="go on with the newest run in --out, with its settings; --epochs may be raised, and"
        " --data be given if it was moved; a cluster is named again by --ray-address",
    )
    values = vars(parser.parse_args(arguments))
    return values, bool(values.pop("resume"))
