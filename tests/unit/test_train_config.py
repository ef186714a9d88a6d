"""TrainConfig, its flags, and the command it writes down."""

import re
import shlex
from dataclasses import fields
from itertools import product

import pytest

from train.config import ConfigError, TrainConfig, parse

DATA: dict[str, object] = {"data": "/data/isic2019"}
NAMES = [field.name for field in fields(TrainConfig)]
SAYS = {
    "data": "folder with the ISIC 2019 CSVs and images",
    "model": r"timm name of a ViT \(skin_vit_lite0_192; without --data test_vit\)",
    "init": r"imagenet .*, none, or a \.pth or \.safetensors file",
    "epochs": r"passes over the training images \(12\)",
    "batch_size": r"images a step, over all workers together \(32\)",
    "lr": r"learning rate of AdamW, per step.* \(0\.0005\)",
    "workers": r"Ray Train workers.* \(1\)",
    "ray_address": r"address of a Ray cluster \(this machine alone\)",
    "seed": r"of the split, the weights, the order and the augmentation \(0\)",
    "out": r"folder for best_model\.pth .*\(model_store\)",
}


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@pytest.mark.parametrize(
    ("given", "model", "init"),
    [({}, "test_vit", "none"), (DATA, "skin_vit_lite0_192", "imagenet")],
    ids=["generated", "real data"],
)
def test_the_defaults_suit_the_data(given: dict[str, object], model: str, init: str) -> None:
    config = TrainConfig.resolved(given)

    assert config.as_dict() == {
        "data": given.get("data"),
        "model": model,
        "init": init,
        "epochs": 12,
        "batch_size": 32,
        "lr": 5e-4,
        "workers": 1,
        "ray_address": None,
        "seed": 0,
        "out": "model_store",
    }


@pytest.mark.parametrize("given", [{}, DATA])
def test_what_is_given_beats_the_defaults(given: dict[str, object]) -> None:
    config = TrainConfig.resolved(given | {"model": "some_vit", "init": "/w.pth", "epochs": 3})

    assert (config.model, config.init, config.epochs) == ("some_vit", "/w.pth", 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *product(("epochs", "batch_size", "lr", "workers"), (0, -1)),
        ("lr", float("nan")),
        ("lr", float("inf")),
        ("seed", -1),
    ],
)
def test_a_number_that_cannot_work_is_refused_by_its_flag(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"{flag(name)} must .*\.$"):
        TrainConfig.resolved({name: value})


@pytest.mark.parametrize(("batch_size", "workers"), [(32, 3), (2, 4)])
def test_a_batch_is_shared_out_evenly(batch_size: int, workers: int) -> None:
    with pytest.raises(ConfigError, match="--batch-size must be a multiple of --workers"):
        TrainConfig.resolved({"batch_size": batch_size, "workers": workers})


def test_no_flag_is_given_unless_it_stands_there() -> None:
    assert parse([]) == ({}, False)


def test_each_flag_has_its_fields_type() -> None:
    words = "--data d --model m --init i --epochs 2 --batch-size 4 --lr 1e-3 --workers 2"
    words += " --ray-address local:1 --seed 5 --out o"

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
    }
    assert not resume


def test_resume_goes_with_epochs() -> None:
    assert parse(["--resume", "--epochs", "20"]) == ({"epochs": 20}, True)


def help_of(name: str, text: str) -> str:
    found = re.search(rf"^  {flag(name)} \S+(.*?)(?=^  --|\Z)", text, re.DOTALL | re.MULTILINE)
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
]


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_the_command_gives_the_same_config_again(given: dict[str, object]) -> None:
    config = TrainConfig.resolved(given)

    words = shlex.split(config.command())

    values, resume = parse(words[3:])
    assert words[:3] == ["python", "-m", "train.run"]
    assert TrainConfig.resolved(values) == config
    assert not resume


def test_the_command_leaves_out_defaults() -> None:
    config = TrainConfig.resolved(DATA | {"epochs": 3, "lr": 5e-4})

    assert config.command() == "python -m train.run --data /data/isic2019 --epochs 3"
