"""How the weights move: parameter groups, learning rate, loss, mixed pictures."""

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from train.data.loading import drawing_shares

WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.05
WARM_UP = 0.05
LAST_SHARE = 0.01
# Below this alpha both parts of what is drawn become 0 in 32 bits, and each picture would be mixed
# half and half, where of a draw so weak hardly any should be: on average less than half a percent.
WEAKEST_MIXUP = 0.005


def optimiser(module: torch.nn.Module, rates: dict[str, float]) -> torch.optim.AdamW:
    """`rates`: each parameter's share of the peak rate. Biases and norms do not decay."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            decay = WEIGHT_DECAY if parameter.dim() > 1 else 0.0
            groups.setdefault((rates[name], decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "share": share, "weight_decay": decay}
            for (share, decay), parameters in groups.items()
        ]
    )


def set_rate(optimiser: torch.optim.Optimizer, peak: float, done: float) -> None:
    """Linear warm-up, then a cosine to a hundredth; `done` is the share of the run, 0 to 1."""
    if done < WARM_UP:
        rate = peak * max(done, 1e-3) / WARM_UP
    else:
        cosine = (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2
        rate = peak * (LAST_SHARE + (1 - LAST_SHARE) * cosine)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """Pictures of which each is `share` itself and the rest the one at its place in `partners`."""

    inputs: torch.Tensor
    share: float
    partners: torch.Tensor


def mix(inputs: torch.Tensor, strength: float) -> Mixed:
    """Mixup (Zhang et al. 2017, arXiv:1710.09412); `strength` is its alpha, 0 mixes nothing."""
    count = len(inputs)
    if strength < WEAKEST_MIXUP:
        return Mixed(inputs=inputs, share=1.0, partners=torch.arange(count, device=inputs.device))
    alpha = torch.tensor(strength)
    drawn = torch.distributions.Beta(alpha, alpha).sample().item()
    # The larger part is the picture's own, or its place in the batch would mean nothing.
    share = max(drawn, 1 - drawn)
    partners = torch.randperm(count).to(inputs.device)
    return Mixed(inputs=inputs.lerp(inputs[partners], 1 - share), share=share, partners=partners)


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

    def __call__(
        self, logits: torch.Tensor, labels: torch.Tensor, mixed: Mixed | None = None
    ) -> torch.Tensor:
        """Scalar from logits (n, classes) and labels (n,), of `mixed` pictures if given."""
        # In 32 bits also where the model ran in 16.
        adjusted = logits.float() + self.log_shares
        own = cross_entropy(adjusted, labels, label_smoothing=LABEL_SMOOTHING)
        if mixed is None or mixed.share == 1:
            return own
        others = cross_entropy(adjusted, labels[mixed.partners], label_smoothing=LABEL_SMOOTHING)
        return torch.lerp(others, own, mixed.share)
