"""One step of training: pictures in, weights moved, their average brought up to date."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from timm.models import VisionTransformer
from timm.utils import ModelEmaV3
from torch.nn.parallel import DistributedDataParallel

from train.config import TrainConfig
from train.layers import rates
from train.models import pretrained_names
from train.optimisation import BalancedLoss, mix, optimiser, set_rate
from train.precision import Precision

# Of the gradient; it meets only the rare step that would undo many.
LARGEST_NORM = 5.0


class Stepper:
    """Holds all that a step changes. `shared` is `module`, as workers share it."""

    def __init__(
        self,
        module: VisionTransformer,
        shared: torch.nn.Module,
        config: TrainConfig,
        loss: BalancedLoss,
        device: torch.device,
    ) -> None:
        self.module, self.shared, self.config, self.loss = module, shared, config, loss
        self.model = torch.compile(shared) if config.compile else shared
        self.device = device
        shares = rates(module, pretrained_names(module, config.init), config.layer_decay)
        self.optimiser = optimiser(module, shares)
        self.average = ModelEmaV3(module, decay=config.ema, use_warmup=True)
        self.precision = Precision(config.precision, device)

    def step(self, inputs: torch.Tensor, labels: torch.Tensor, number: int, done: float) -> float:
        """The loss. `number` counts the run's steps; `done` is the share of the run, 0 to 1.

        All its chance comes from `number`, so a resumed run draws what an unbroken one would.
        """
        torch.manual_seed(self.config.seed * 1_000_003 + number)
        set_rate(self.optimiser, self.config.lr, done)
        self.optimiser.zero_grad()
        count = self.config.accumulate
        parts = list(zip(inputs.chunk(count), labels.chunk(count), strict=True))
        total = 0.0
        for place, (some, theirs) in enumerate(parts, start=1):
            with self.unshared(place < len(parts)):
                total += self.backward(some, theirs, len(some) / len(inputs))
        scaler = self.precision.scaler
        scaler.unscale_(self.optimiser)
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), LARGEST_NORM)
        scaler.step(self.optimiser)
        scaler.update()
        self.average.update(self.module, number + 1)
        return total

    def backward(self, inputs: torch.Tensor, labels: torch.Tensor, share: float) -> float:
        inputs = inputs.to(self.device, memory_format=torch.channels_last, non_blocking=True)
        labels = labels.to(self.device, non_blocking=True)
        mixed = mix(inputs, self.config.mixup)
        with self.precision.autocast():
            logits = self.model(mixed.inputs)
        loss = self.loss(logits, labels, mixed) * share
        self.precision.scaler.scale(loss).backward()
        return loss.item()

    def unshared(self, more_to_come: bool) -> AbstractContextManager[None]:
        """Workers exchange gradients only with the last part of a step."""
        # Compiled it is of another type.
        if more_to_come and isinstance(self.shared, DistributedDataParallel):
            context: AbstractContextManager[None] = self.shared.no_sync()
            return context
        return nullcontext()

    def state(self) -> dict[str, Any]:
        return {
            "model": self.module.state_dict(),
            "average": self.average.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.precision.scaler.state_dict(),
        }

    def load(self, state: dict[str, Any], precision: str | None) -> None:
        """`precision` is the one that the run's steps are in, whatever `auto` would mean here; runs
        of before don't say it."""
        if precision is not None:
            self.precision = Precision(precision, self.device)
        self.module.load_state_dict(state["model"])
        self.average.module.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        # Empty where no loss was scaled.
        if state["scaler"]:
            self.precision.scaler.load_state_dict(state["scaler"])
