"""How fast the weights move, and towards what."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from train.optimisation import BalancedLoss, Mixed, mix, optimiser, set_rate

PEAK = 4e-4
CPU = torch.device("cpu")


def rates(done: float) -> tuple[float, float]:
    """Of a weight that moves at a quarter of the peak rate, and of a bias that moves at all."""
    adam = optimiser(torch.nn.Linear(2, 2), {"weight": 0.25, "bias": 1.0})
    set_rate(adam, PEAK, done)
    slow, full = (group["lr"] for group in adam.param_groups)
    return slow, full


@pytest.mark.parametrize(
    ("done", "share"),
    [
        (0.0, 0.02),
        (0.0125, 0.25),
        (0.025, 0.5),
        (0.05, 1.0),
        (0.525, 0.505),
        (1.0, 0.01),
    ],
    ids=["start", "quarter of warm-up", "half of warm-up", "peak", "middle", "end"],
)
def test_the_rate_warms_up_and_falls_as_a_cosine(done: float, share: float) -> None:
    slow, full = rates(done)

    assert full == pytest.approx(PEAK * share)
    assert slow == pytest.approx(PEAK * share / 4)


def test_the_rate_rises_to_its_peak_and_falls_from_it() -> None:
    steps = np.diff([rates(done)[1] for done in np.linspace(0, 1, 201)])

    assert (steps[1:10] > 0).all()
    assert (steps[10:] < 0).all()


def test_each_parameter_has_its_rate_and_matrices_alone_decay() -> None:
    module = torch.nn.Sequential(
        torch.nn.Linear(2, 2), torch.nn.LayerNorm(2), torch.nn.Linear(2, 2)
    )
    shares = {name: 0.5 if name.startswith("0.") else 1.0 for name, _ in module.named_parameters()}

    adam = optimiser(module, shares)

    found = [
        (id(parameter), group["share"], group["weight_decay"])
        for group in adam.param_groups
        for parameter in group["params"]
    ]
    expected = [
        (id(parameter), shares[name], 0.05 if name in ("0.weight", "2.weight") else 0.0)
        for name, parameter in module.named_parameters()
    ]
    assert sorted(found) == sorted(expected)


def test_frozen_parameters_are_left_out() -> None:
    module = torch.nn.Linear(2, 2)
    module.weight.requires_grad = False

    adam = optimiser(module, {"weight": 1.0, "bias": 1.0})

    (group,) = adam.param_groups
    assert [id(parameter) for parameter in group["params"]] == [id(module.bias)]


def test_the_loss_is_cross_entropy_of_logits_with_the_drawing_shares() -> None:
    # 16, 9 and 1 images: drawn by their roots, 4 : 3 : 1.
    labels = [0] * 16 + [1] * 9 + [2]
    logits = torch.randn(26, 3, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor(labels)

    loss = BalancedLoss(labels, 3, CPU)(logits, targets)

    adjusted = logits + torch.tensor([4 / 8, 3 / 8, 1 / 8]).log()
    torch.testing.assert_close(loss, cross_entropy(adjusted, targets, label_smoothing=0.05))


def test_a_category_without_images_spoils_no_loss_or_gradient() -> None:
    logits = torch.zeros(4, 3, requires_grad=True)
    targets = torch.tensor([0, 0, 1, 1])

    loss = BalancedLoss(targets.tolist(), 3, CPU)(logits, targets)
    loss.backward()

    assert loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    # Each step makes the category that isn't there less likely.
    assert (logits.grad[:, 2] > 0).all()


@pytest.mark.parametrize("strength", [0.0, 1e-46, 1e-30, 0.001, 0.004])
def test_without_strength_or_hardly_any_no_picture_is_mixed(strength: float) -> None:
    inputs = torch.rand(5, 3, 4, 4)

    mixed = mix(inputs, strength)

    assert mixed.inputs.equal(inputs)
    assert mixed.share == 1


def test_each_picture_is_its_share_and_the_rest_its_partner() -> None:
    torch.manual_seed(0)
    inputs = torch.rand(5, 3, 4, 4)

    mixed = mix(inputs, 1.0)

    assert 0.5 <= mixed.share < 1
    assert sorted(mixed.partners.tolist()) == [0, 1, 2, 3, 4]
    expected = mixed.share * inputs + (1 - mixed.share) * inputs[mixed.partners]
    torch.testing.assert_close(mixed.inputs, expected)


@pytest.mark.parametrize(
    ("strength", "mean"), [(0.005, 0.995), (0.01, 0.99), (1.0, 0.75), (1000.0, 0.51)]
)
def test_strength_is_mixups_alpha(strength: float, mean: float) -> None:
    torch.manual_seed(0)

    shares = [mix(torch.zeros(2, 1), strength).share for _ in range(2000)]

    # Of the larger part; of a uniform draw (alpha 1) it is 3/4.
    assert np.mean(shares) == pytest.approx(mean, abs=0.01)
    assert min(shares) >= 0.5


def test_the_loss_of_mixed_pictures_is_mixed_as_they_are() -> None:
    labels = torch.tensor([0, 1, 2, 2])
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    mixed = Mixed(inputs=torch.empty(0), share=0.7, partners=torch.tensor([1, 2, 3, 0]))
    loss = BalancedLoss(labels.tolist(), 3, CPU)

    found = loss(logits, labels, mixed)

    expected = 0.7 * loss(logits, labels) + 0.3 * loss(logits, torch.tensor([1, 2, 2, 0]))
    torch.testing.assert_close(found, expected)
