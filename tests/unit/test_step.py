"""One training step: what it moves, by how much, and that it can be taken again."""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import timm
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from tests import tiny
from train.layers import freeze
from train.optimisation import BalancedLoss
from train.step import LARGEST_NORM, Stepper

# Past the warm-up.
DONE = 0.1


def batch(number: int, images: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(number)
    inputs = torch.randn(images, 3, 32, 32, generator=generator)
    return inputs, torch.randint(8, (images,), generator=generator)


def take(stepper: Stepper, number: int, images: int = 8) -> float:
    return stepper.step(*batch(number, images), number, DONE)


def gradients(stepper: Stepper) -> torch.Tensor:
    """All in one row."""
    found = [one.grad.flatten() for one in stepper.module.parameters() if one.grad is not None]
    return torch.cat(found)


@pytest.mark.parametrize("images", [8, 7])
def test_a_batch_in_parts_has_the_same_gradient(images: int) -> None:
    whole = tiny.stepper(mixup=0.0, precision="fp32")
    parts = tiny.stepper(mixup=0.0, precision="fp32", accumulate=4)

    losses = [take(stepper, 0, images) for stepper in (whole, parts)]

    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
    torch.testing.assert_close(gradients(parts), gradients(whole), rtol=0, atol=1e-5)


def test_a_step_after_a_restart_is_the_one_an_unbroken_run_takes() -> None:
    unbroken, resumed = tiny.stepper(), tiny.stepper(weights=1)
    for number in range(3):
        take(unbroken, number)
    file = BytesIO()
    torch.save(unbroken.state(), file)
    file.seek(0)

    resumed.load(torch.load(file, weights_only=True), None)
    losses = [take(stepper, 3) for stepper in (unbroken, resumed)]

    assert losses[0] == losses[1]
    torch.testing.assert_close(resumed.state(), unbroken.state(), rtol=0, atol=0)


def test_a_step_is_taken_at_the_times_rate_and_each_layer_at_its_own() -> None:
    stepper = tiny.stepper(lr=0.01, layer_decay=0.5, init="imagenet")

    stepper.step(*batch(0), 0, 0.525)

    rates = {
        id(parameter): group["lr"]
        for group in stepper.optimiser.param_groups
        for parameter in group["params"]
    }
    module = stepper.module
    # Half of the cosine is over.
    assert rates[id(module.head.weight)] == pytest.approx(0.01 * 0.505)
    first, last = (
        rates[id(block.mlp.fc1.weight)] for block in (module.blocks[0], module.blocks[-1])
    )
    assert last < 0.01 * 0.505
    assert first == pytest.approx(last * 0.5 ** (len(module.blocks) - 1))


def test_a_steps_chance_depends_on_its_number_and_the_seed_alone() -> None:
    losses = []
    for drawn_before, number, seed in ((0, 5, 0), (3, 5, 0), (0, 6, 0), (0, 5, 1)):
        stepper = tiny.stepper(mixup=1.0, seed=seed)
        torch.rand(drawn_before)
        losses.append(stepper.step(*batch(0), number, DONE))

    assert losses[0] == losses[1]
    assert len(set(losses)) == 3


@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize(("number", "decay"), [(0, 0.0), (7, 0.75), (1_000_000, 0.9)])
def test_the_average_moves_as_its_formula_says(number: int, decay: float, ema: float) -> None:
    stepper = tiny.stepper(ema=ema)
    before = {name: t.clone() for name, t in stepper.average.module.state_dict().items()}

    take(stepper, number)

    # 1 - (1 + number) ** (-2 / 3), at most `ema`.
    kept = min(decay, ema)
    for name, average in stepper.average.module.state_dict().items():
        weights = stepper.module.state_dict()[name]
        expected = kept * before[name] + (1 - kept) * weights
        torch.testing.assert_close(average, expected, rtol=1e-5, atol=1e-7)
    assert not before["head.weight"].equal(stepper.module.head.weight)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_16_bits_come_close_to_32(precision: str) -> None:
    full, half = tiny.stepper(precision="fp32"), tiny.stepper(precision=precision)

    losses = [take(stepper, 0) for stepper in (full, half)]

    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert losses[1] != losses[0]
    assert torch.cosine_similarity(gradients(half), gradients(full), dim=0) > 0.99
    assert {tensor.dtype for tensor in half.module.state_dict().values()} == {torch.float32}


class Steep(BalancedLoss):
    def __call__(self, *given: object) -> torch.Tensor:
        return 1e4 * super().__call__(*given)  # type: ignore[arg-type]  # passed on as it came


def test_no_gradient_is_longer_than_the_longest() -> None:
    stepper = tiny.stepper()
    stepper.loss = Steep(list(range(8)), 8, torch.device("cpu"))

    take(stepper, 0)

    assert gradients(stepper).norm().item() == pytest.approx(LARGEST_NORM, rel=1e-4)


def test_frozen_weights_stand_still() -> None:
    module = tiny.stepper().module
    freeze(module, "all")
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    plain = tiny.stepper()
    stepper = Stepper(module, module, plain.config, plain.loss, plain.device)

    for number in range(2):
        take(stepper, number)

    for state in (module.state_dict(), stepper.average.module.state_dict()):
        moved = {name for name, tensor in state.items() if not tensor.equal(before[name])}
        assert moved == {"head.weight", "head.bias"}


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """A group of workers, of one."""
    dist.init_process_group("gloo", f"file://{tmp_path}/group", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_are_exchanged_with_the_last_part_of_a_step_alone(
    monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "a compiler")
    # Of another type than what it compiles, and made at once.
    monkeypatch.setattr(torch, "compile", torch.nn.Sequential)
    of = tiny.stepper(mixup=0.0, accumulate=4)
    shared = DistributedDataParallel(of.module)
    config = replace(of.config, compile=compiled)
    stepper = Stepper(of.module, shared, config, of.loss, of.device)
    exchanged = []
    shared.register_forward_pre_hook(lambda *_: exchanged.append(shared.require_backward_grad_sync))

    take(stepper, 0)

    assert exchanged == [False, False, False, True]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("c++") is None, reason="compiling needs a C++ compiler")
def test_a_compiled_model_takes_the_same_steps() -> None:
    # With one block, as each is compiled anew.
    one = timm.create_model("test_vit", depth=1, num_classes=8, dynamic_img_size=True)
    other, of = deepcopy(one), tiny.stepper()
    plain = Stepper(one, one, of.config, of.loss, of.device)
    compiled = Stepper(other, other, replace(of.config, compile=True), of.loss, of.device)

    losses = [[take(stepper, number) for number in range(2)] for stepper in (plain, compiled)]

    assert losses[1] == pytest.approx(losses[0], abs=1e-4)
    torch.testing.assert_close(gradients(compiled), gradients(plain), rtol=0, atol=1e-3)
