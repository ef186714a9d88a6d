"""How the weights move: parameter groups, learning rate, loss."""

import math

import torch
from torch.nn.functional import cross_entropy

from train.data.loading import drawing_shares

WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.05
# Of the peak rate, for tensors that start from pretrained weights.
PRETRAINED_SHARE = 0.25
WARM_UP = 0.05
LAST_SHARE = 0.01


def optimiser(module: torch.nn.Module, pretrained: set[str]) -> torch.optim.AdamW:
    named = list(module.named_parameters())
    groups = [
        {"params": [p for n, p in named if n in pretrained], "share": PRETRAINED_SHARE},
        {"params": [p for n, p in named if n not in pretrained], "share": 1.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], weight_decay=WEIGHT_DECAY
    )


def set_rate(optimiser: torch.optim.AdamW, peak: float, done: float) -> None:
    """Linear warm-up, then a cosine to a hundredth; `done` is the share of the run, 0 to 1."""
    if done < WARM_UP:
        rate = peak * max(done, 1e-3) / WARM_UP
    else:
        cosine = (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2
        rate = peak * (LAST_SHARE + (1 - LAST_SHARE) * cosine)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]


class BalancedLoss:
    """Cross-entropy with logit adjustment (Menon et al. 2020, arXiv:2007.07314).

    The logits that are left at test time are those of a set with all categories equally common,
    which is what balanced accuracy asks for.
    """

    def __init__(self, labels: list[int], classes: int, device: torch.device) -> None:
        shares = drawing_shares(labels, classes)
        # A category without images is learned as never there, at the rate of an ordinary one.
        shares[shares == 0] = 1 / classes
        self.log_shares = torch.tensor(shares, dtype=torch.float32, device=device).log()

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Scalar from logits (n, classes) and labels (n,)."""
        return cross_entropy(logits + self.log_shares, labels, label_smoothing=LABEL_SMOOTHING)
