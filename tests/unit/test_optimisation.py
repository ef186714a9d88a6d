"""How fast the weights move, and towards what."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from train.optimisation import BalancedLoss, optimiser, set_rate

PEAK = 4e-4
CPU = torch.device("cpu")


def rates(done: float) -> list[float]:
    """Of a pretrained and of a fresh layer."""
    module = torch.nn.ModuleDict({"old": torch.nn.Linear(2, 2), "new": torch.nn.Linear(2, 2)})
    adam = optimiser(module, {"old.weight", "old.bias"})
    set_rate(adam, PEAK, done)
    return [group["lr"] for group in adam.param_groups]


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
    old, new = rates(done)

    assert new == pytest.approx(PEAK * share)
    assert old == pytest.approx(PEAK * share / 4)


def test_the_rate_rises_to_its_peak_and_falls_from_it() -> None:
    steps = np.diff([rates(done)[1] for done in np.linspace(0, 1, 201)])

    assert (steps[1:10] > 0).all()
    assert (steps[10:] < 0).all()


@pytest.mark.parametrize("pretrained", [set(), {"weight"}, {"weight", "bias"}])
def test_each_parameter_is_in_one_group(pretrained: set[str]) -> None:
    module = torch.nn.Linear(2, 2)

    adam = optimiser(module, pretrained)

    shares = {id(p): group["share"] for group in adam.param_groups for p in group["params"]}
    expected = {id(p): 0.25 if n in pretrained else 1 for n, p in module.named_parameters()}
    assert shares == expected
    assert sum(len(group["params"]) for group in adam.param_groups) == 2


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
