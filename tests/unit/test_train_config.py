"""TrainConfig, its flags, and the command it writes down."""

import re
import shlex
import sys
from dataclasses import fields, replace
from itertools import product

import pytest

from train.config import ConfigError, TrainConfig, parse

DATA: dict[str, object] = {"data": "/data/isic2019"}
NAN = float("nan")
NAMES = [field.name for field in fields(TrainConfig)]
SAYS = {
    "data": "folder with the ISIC 2019 CSVs and images",
    "model": r"timm name of a ViT \(skin_vit_lite2_224; without --data test_vit\)",
    "init": r"imagenet .*, none, or a \.pth or \.safetensors file",
    "hold_out": r"share of the lesions held out .*\(0\.2\)",
    "fold": r"which of the parts of that size is held out, counted from 0 \(0\)",
    "leave_out": r"a category none of whose images is used.* unknown$",
    "unk_data": r"folder of images of no category, to which the limit .* is fitted$",
    "epochs": r"passes over the training images \(10\)",
    "keep": r"which epoch's weights are kept: the best .* or the last.* \(best\)",
    "patience": r"end after so many epochs that were no better; 0 is never \(0\)",
    "batch_size": r"images a step, over all workers together \(32\)",
    "accumulate": r"parts in which a step's images go through the model \(1\)",
    "lr": r"peak learning rate of AdamW; .* \(0\.0005\)",
    "layer_decay": r"what a pretrained layer's rate is to .* \(0\.75\)",
    "freeze": r"layers from the input .*: a number, or all for a linear probe;.* \(0\)",
    "train_size": r"pixels of a training picture's side.* \(0\)",
    "mixup": r"strength \(alpha\) of mixup; 0 mixes no pictures \(0\.2\)",
    "ema": r"decay of the weights' moving average.* \(0\.998\)",
    "precision": r"fp32, bf16, fp16 or auto.* \(auto\)",
    "views": r"mirrored views averaged.*: 1, 2 or 4 \(2\)",
    "compile": r"compile the model \(torch\.compile\)$",
    "workers": r"Ray Train workers.* \(1\)",
    "ray_address": r"address of a Ray cluster \(this machine alone\)",
    "seed": r"of the split, the weights, the order and the augmentation \(0\)",
    "out": r"folder for best_model\.pth .*\(model_store\)",
}


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@pytest.mark.parametrize(
    ("given", "model", "init", "train_size", "freeze"),
    [({}, "test_vit", "none", 0, "0"), (DATA, "skin_vit_lite2_224", "imagenet", 192, "3")],
    ids=["generated", "real data"],
)
def test_the_defaults_suit_the_data(
    given: dict[str, object], model: str, init: str, train_size: int, freeze: str
) -> None:
    config = TrainConfig.resolved(given)

    assert config.as_dict() == {
        "data": given.get("data"),
        "model": model,
        "init": init,
        "hold_out": 0.2,
        "fold": 0,
        "leave_out": None,
        "unk_data": None,
        "epochs": 10,
        "keep": "best",
        "patience": 0,
        "batch_size": 32,
        "accumulate": 1,
        "lr": 5e-4,
        "layer_decay": 0.75,
        "freeze": freeze,
        "train_size": train_size,
        "mixup": 0.2,
        "ema": 0.998,
        "precision": "auto",
        "views": 2,
        "compile": False,
        "workers": 1,
        "ray_address": None,
        "seed": 0,
        "out": "model_store",
    }


@pytest.mark.parametrize(
    ("given", "train_size", "freeze"),
    [
        ({"model": "vit_tiny_patch16_224"}, 0, "0"),
        ({"init": "some.pth"}, 192, "3"),
        ({"init": "none"}, 192, "0"),
        ({"freeze": "0", "train_size": 0}, 0, "0"),
    ],
    ids=str,
)
def test_the_default_models_settings_are_its_own_and_nothing_random_is_frozen(
    given: dict[str, object], train_size: int, freeze: str
) -> None:
    config = TrainConfig.resolved(DATA | given)

    assert (config.train_size, config.freeze) == (train_size, freeze)


@pytest.mark.parametrize("given", [{}, DATA])
def test_what_is_given_beats_the_defaults(given: dict[str, object]) -> None:
    config = TrainConfig.resolved(given | {"model": "some_vit", "init": "/w.pth", "epochs": 3})

    assert (config.model, config.init, config.epochs) == ("some_vit", "/w.pth", 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *product(("epochs", "batch_size", "accumulate", "lr", "layer_decay", "workers"), (0, -1)),
        *product(("lr", "layer_decay", "mixup", "ema", "hold_out"), (NAN, float("inf"))),
        *product(("seed", "patience", "train_size", "mixup", "ema", "hold_out", "fold"), (-1,)),
        ("seed", 2**32),
        ("layer_decay", 1.1),
        ("ema", 1.0),
        ("mixup", 1001.0),
        ("hold_out", 0.6),
        ("hold_out", 0.4),
        ("fold", 5),
        *product(("keep",), ("first", "")),
        *product(("views",), (0, 3, 8)),
        *product(("precision",), ("fp8", "")),
        *product(("freeze",), ("-1", "some", "")),
        *product(("leave_out",), ("UNK", "mel", "melanoma", "")),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_flag(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"{flag(name)}\b.*\.$"):
        TrainConfig.resolved({name: value})


def test_patience_needs_the_validation_of_each_epoch() -> None:
    with pytest.raises(ConfigError, match="--patience needs --keep best"):
        TrainConfig.resolved({"keep": "last", "patience": 2})


def test_without_a_hold_out_there_is_no_fold_to_choose() -> None:
    with pytest.raises(ConfigError, match="--fold must be less than 1"):
        TrainConfig.resolved({"hold_out": 0.0, "fold": 1})


@pytest.mark.parametrize(
    ("batch_size", "workers", "accumulate"), [(32, 3, 1), (2, 4, 1), (32, 1, 3), (8, 4, 4)]
)
def test_a_batch_is_shared_out_evenly(batch_size: int, workers: int, accumulate: int) -> None:
    with pytest.raises(ConfigError, match="--batch-size must be a multiple of --workers times --a"):
        TrainConfig.resolved(
            {"batch_size": batch_size, "workers": workers, "accumulate": accumulate}
        )


def test_compiling_without_a_compiler_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)

    with pytest.raises(ConfigError, match=r"--compile needs a C\+\+ compiler: install g\+\+"):
        TrainConfig.resolved({"compile": True})


def test_no_flag_is_given_unless_it_stands_there() -> None:
    assert parse([]) == ({}, False)


def test_each_flag_has_its_fields_type() -> None:
    words = "--data d --model m --init i --epochs 2 --batch-size 4 --lr 1e-3 --workers 2"
    words += (
        " --ray-address local:1 --seed 5 --out o --freeze all --hold-out 0.25 --fold 3 --views 1"
    )
    words += " --patience 3 --accumulate 2 --layer-decay 0.5 --train-size 96 --mixup 0 --ema 0.9"
    words += " --precision bf16 --compile --leave-out VASC --unk-data u --keep last"

    values, resume = parse(words.split())

    assert values == {
        "data": "d",
        "model": "m",
        "init": "i",
        "epochs": 2,
        "batch_size": 4,
        "lr": 1e-3,
        "workers": 2,
        "ray_address": "local:1",
        "seed": 5,
        "out": "o",
        "freeze": "all",
        "hold_out": 0.25,
        "fold": 3,
        "views": 1,
        "patience": 3,
        "accumulate": 2,
        "layer_decay": 0.5,
        "train_size": 96,
        "mixup": 0.0,
        "ema": 0.9,
        "precision": "bf16",
        "compile": True,
        "leave_out": "VASC",
        "unk_data": "u",
        "keep": "last",
    }
    assert values.keys() == set(NAMES)
    assert not resume


def test_resume_goes_with_epochs() -> None:
    assert parse(["--resume", "--epochs", "20"]) == ({"epochs": 20}, True)


def help_of(name: str, text: str) -> str:
    found = re.search(
        rf"^  {flag(name)}(?: [A-Z]\S+)?\s(.*?)(?=^  --|\Z)", text, re.DOTALL | re.MULTILINE
    )
    assert found is not None, f"{flag(name)} is not in --help"
    return " ".join(found[1].split())


@pytest.mark.parametrize("name", NAMES)
def test_the_help_says_what_a_flag_means_and_its_default(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")

    with pytest.raises(SystemExit):
        parse(["--help"])

    assert re.search(SAYS[name], help_of(name, capsys.readouterr().out))


GIVEN: list[dict[str, object]] = [
    {},
    DATA,
    {"data": "/my data/isic", "out": "a store"},
    {"model": "test_vit", "init": "some.pth", "seed": 3},
    DATA | {"model": "test_vit", "init": "none", "lr": 1e-5, "batch_size": 12, "workers": 3},
    {"epochs": 1, "ray_address": "127.0.0.1:6379"},
    {"model": "skin_vit_lite2_224"},
    DATA | {"leave_out": "SCC", "unk_data": "/my data/unknown"},
    DATA | {"freeze": "all", "hold_out": 0.0, "accumulate": 4, "precision": "bf16", "views": 1},
]


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_the_command_gives_the_same_config_again(given: dict[str, object]) -> None:
    config = TrainConfig.resolved(given)

    words = shlex.split(config.command())

    values, resume = parse(words[3:])
    assert words[:3] == ["python", "-m", "train.run"]
    assert TrainConfig.resolved(values) == replace(config, out="model_store", ray_address=None)
    assert not resume


def test_a_switch_stands_in_the_command_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", sys.executable)

    config = TrainConfig.resolved({"compile": True})

    assert config.command() == "python -m train.run --compile"


def test_the_command_leaves_out_defaults() -> None:
    config = TrainConfig.resolved(DATA | {"epochs": 3, "lr": 5e-4})

    assert config.command() == "python -m train.run --data /data/isic2019 --epochs 3"
