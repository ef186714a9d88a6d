"""Layers from input to output: each parameter in one, its rate, and what freezing stops."""

import pytest
import torch

from train.layers import freeze, layers, rates, train_mode
from train.models import DEFAULT_MODEL, build

STEM = "patch_embed.backbone."
# What the names in each layer start with, from the input to the output.
PLAIN = ["cls_token pos_embed patch_embed.", *(f"blocks.{k}." for k in range(6)), "norm.", "head."]
DEEP = [*PLAIN[:7], *(f"blocks.{k}." for k in range(6, 12)), *PLAIN[7:]]
HYBRID = [f"{STEM}conv_stem. {STEM}bn1.", *(f"{STEM}blocks.{k}." for k in range(7)), *PLAIN]
LAYERS = {"test_vit": PLAIN, "vit_tiny_patch16_224": DEEP, DEFAULT_MODEL: HYBRID}


@pytest.mark.parametrize("name", LAYERS)
def test_each_parameter_is_in_one_layer_from_input_to_output(name: str) -> None:
    model = build(name, 8)

    found = layers(model)

    assert len(found) == len(LAYERS[name])
    for names, starts in zip(found, LAYERS[name], strict=True):
        assert all(one.startswith(tuple(starts.split())) for one in names)
    every = [one for names in found for one in names]
    assert sorted(every) == sorted(one for one, _ in model.named_parameters())


def test_both_tokens_of_a_distilled_model_are_of_the_embedding() -> None:
    model = build("deit_tiny_distilled_patch16_224", 8)

    [embedding] = [names for names in layers(model) if "cls_token" in names]

    assert "dist_token" in embedding


def test_rates_fall_by_the_decay_from_the_topmost_pretrained_layer() -> None:
    model = build("test_vit", 8)
    pretrained = {name for name, _ in model.named_parameters() if not name.startswith("head.")}

    found = rates(model, pretrained, 0.5)

    assert found["head.weight"] == found["head.bias"] == 1
    assert found["norm.weight"] == 0.5
    assert found["blocks.5.attn.qkv.weight"] == 0.5**2
    assert found["blocks.0.norm1.bias"] == 0.5**7
    assert found["pos_embed"] == found["patch_embed.proj.weight"] == 0.5**8


def test_what_lies_above_a_pretrained_stem_moves_at_the_full_rate() -> None:
    model = build(DEFAULT_MODEL, 8)
    pretrained = {name for name, _ in model.named_parameters() if name.startswith(STEM)}

    found = rates(model, pretrained, 0.5)

    assert {found[name] for name in found.keys() - pretrained} == {1}
    assert found[f"{STEM}blocks.6.0.conv_pw.weight"] == 0.5
    assert found[f"{STEM}conv_stem.weight"] == found[f"{STEM}bn1.bias"] == 0.5**8


def test_without_pretrained_weights_all_move_at_the_full_rate() -> None:
    model = build("test_vit", 8)

    found = rates(model, set(), 0.5)

    assert found == {name: 1 for name, _ in model.named_parameters()}


@pytest.mark.parametrize(
    ("kept", "frozen"),
    [
        ("0", []),
        ("2", PLAIN[:2]),
        ("7", PLAIN[:7]),
        ("8", PLAIN[:8]),
        ("100", PLAIN[:8]),
        ("all", PLAIN[:8]),
    ],
)
def test_so_many_layers_are_frozen_and_never_the_head(kept: str, frozen: list[str]) -> None:
    model = build("test_vit", 8)
    starts = tuple(start for layer in frozen for start in layer.split())

    freeze(model, kept)

    still = {name for name, one in model.named_parameters() if not one.requires_grad}
    assert still == {name for name, _ in model.named_parameters() if name.startswith(starts)}


def test_frozen_batch_norms_keep_weights_and_statistics_through_a_step() -> None:
    torch.manual_seed(0)
    model = build(DEFAULT_MODEL, 8, any_size=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    freeze(model, "2")
    sgd = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1)

    train_mode(model, keep_statistics=False)
    model(torch.randn(2, 3, 64, 64)).square().sum().backward()
    sgd.step()

    same = {name for name, tensor in model.state_dict().items() if tensor.equal(before[name])}
    frozen = tuple(start for layer in HYBRID[:2] for start in layer.split())
    statistics = {name for name in before if "running_" in name or "num_batches" in name}
    assert {name for name in before if name.startswith(frozen)} <= same
    assert {name for name in statistics if not name.startswith(frozen)}.isdisjoint(same)
    assert "head.weight" not in same


def test_pretrained_batch_norms_keep_their_statistics_and_learn_their_scales() -> None:
    torch.manual_seed(0)
    model = build(DEFAULT_MODEL, 8, "imagenet", any_size=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)

    train_mode(model, keep_statistics=True)
    model(torch.randn(2, 3, 64, 64)).square().sum().backward()
    sgd.step()

    same = {name for name, tensor in model.state_dict().items() if tensor.equal(before[name])}
    assert same == {name for name in before if "running_" in name or "num_batches" in name}


def test_training_mode_comes_back_after_validation() -> None:
    model = build("test_vit", 8)
    freeze(model, "2")
    model.eval()

    train_mode(model, keep_statistics=True)

    assert [model.training, model.head.training] == [True, True]
    assert [block.training for block in model.blocks] == [False, *[True] * 5]
