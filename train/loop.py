"""What one Ray Train worker does: epochs of training, each validated and saved."""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from ray import train as ray_train
from ray.train import torch as ray_torch

from train import tracking
from train.checkpoint import Checkpoint, config_of, halved
from train.config import TrainConfig
from train.data.cache import ImageCache
from train.data.loading import LesionImages, batches, epoch_order, loading_processes, to_inputs
from train.data.split import Split
from train.layers import freeze, train_mode
from train.metrics import balanced_accuracy
from train.models import build
from train.optimisation import BalancedLoss
from train.progress import Position, Reporter
from train.served import Served
from train.state import SCORE, Best, report, restore
from train.step import Stepper
from train.validation import confusion_of, mean_over_workers, share_statistics


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the driver hands to every worker; `origin` and `trained_on` go into the checkpoint.

    `cache` is a folder on each worker's own machine.
    """

    config: TrainConfig
    parts: Split
    classes: tuple[str, ...]
    line: Any
    tracked: tracking.Run
    cache: Path
    origin: dict[str, str | int | float]
    trained_on: tuple[str, ...]


def train_loop(job: Job) -> None:
    Training(job).fit()


class Training:
    def __init__(self, job: Job) -> None:
        context = ray_train.get_context()
        config = job.config
        self.job = job
        self.rank, self.world = context.get_world_rank(), context.get_world_size()
        if not torch.cuda.is_available():
            torch.set_num_threads(max(1, (os.cpu_count() or 1) // context.get_local_world_size()))
        torch.manual_seed(config.seed)
        device = ray_torch.get_device()
        module = build(config.model, len(job.classes), config.init, any_size=True)
        freeze(module, config.freeze)
        module.to(device, memory_format=torch.channels_last)
        # Judged with the weights as the checkpoint will hold them.
        self.judged = Served(build(config.model, len(job.classes)).to(device), config.views)
        self.model_config = config_of(config.model, job.classes, module)
        self.train_size = config.train_size or self.model_config.image_size
        self.images = LesionImages(
            job.parts.train,
            self.model_config,
            ImageCache(job.cache, self.model_config, self.train_size),
        )
        self.validation = LesionImages(
            job.parts.validation, self.model_config, ImageCache(job.cache, self.model_config)
        )
        loss = BalancedLoss(self.images.labels, len(job.classes), device)
        self.stepper = Stepper(module, ray_torch.prepare_model(module), config, loss, device)
        self.device = device
        self.processes = loading_processes(context.get_local_world_size())
        self.reporter = Reporter(job.line)
        self.state = restore(self.stepper)
        # No step is short, so that each weighs the same.
        self.step_size = min(config.batch_size, len(self.images) // self.world * self.world)

    def fit(self) -> None:
        for epoch in range(self.state.epoch, self.job.config.epochs):
            if self.is_out_of_patience(epoch):
                return
            began, first = time.monotonic(), self.state.step
            if self.job.config.keep == "last":
                # Of a run that was done and goes on: it is the last no more.
                self.state = replace(self.state, best=None)
            loss = self.train_epoch(epoch)
            if loss is None:
                self.save({})
                return
            images = (len(self.images) // self.step_size - first) * self.step_size
            numbers = {"loss": loss, "images_per_s": images / (time.monotonic() - began)}
            if len(self.validation) and self.is_validated(epoch):
                numbers[SCORE] = self.validate(epoch)
            self.state = replace(self.state, epoch=epoch + 1, step=0, loss=0.0)
            if self.rank == 0:
                tracking.log_numbers(self.job.tracked, numbers, epoch)
            self.save(numbers)

    def is_validated(self, epoch: int) -> bool:
        return self.job.config.keep == "best" or epoch + 1 == self.job.config.epochs

    def is_out_of_patience(self, epoch: int) -> bool:
        best, patience = self.state.best, self.job.config.patience
        return best is not None and 0 < patience < epoch - best.epoch

    def train_epoch(self, epoch: int) -> float | None:
        """The mean loss; None if the run was asked to stop, when `state` says where it is."""
        order = epoch_order(self.images.labels, len(self.job.classes), self.job.config.seed, epoch)
        steps, first = len(order) // self.step_size, self.state.step
        mine = order[first * self.step_size : steps * self.step_size][self.rank :: self.world]
        loaded = batches(self.images, mine, self.step_size // self.world, self.processes)
        train_mode(self.stepper.module, keep_statistics=self.job.config.init != "none")
        total = self.state.loss
        for step, (pictures, labels) in enumerate(loaded, start=first):
            inputs = to_inputs(pictures, self.model_config, self.device)
            done = (epoch + step / steps) / self.job.config.epochs
            total += self.stepper.step(inputs, labels, epoch * steps + step, done)
            if self.told_to_stop(epoch, step + 1, steps, total / (step + 1)):
                loss = mean_over_workers(total, self.world, self.device)
                self.state = replace(self.state, epoch=epoch, step=step + 1, loss=loss)
                return None
        mean: float = mean_over_workers(total, self.world, self.device) / steps
        return mean

    def told_to_stop(self, epoch: int, step: int, steps: int, loss: float) -> bool:
        """Rank 0 asks, all obey at the same step. An epoch's last step is no stop, as the next
        epoch's first one is, unless it is the only one."""
        stop = torch.zeros(1, device=self.device)
        if self.rank == 0:
            best = self.state.best
            position = Position(
                epoch=epoch,
                images=step * self.step_size,
                of_images=steps * self.step_size,
                loss=loss,
                best=None if best is None else best.balanced_accuracy,
            )
            stop += self.reporter.report(position)
        if self.world > 1:
            dist.broadcast(stop, src=0)
        return bool(stop.item()) and (step < steps or steps == 1)

    def validate(self, epoch: int) -> float:
        average = self.stepper.average.module
        if self.world > 1:
            share_statistics(average)
        self.judged.model.load_state_dict(halved(average.state_dict()))
        self.judged.eval()
        confusion = confusion_of(
            self.judged, self.validation, self.rank, self.world, self.step_size, self.processes
        )
        score = balanced_accuracy(confusion)
        best = self.state.best
        if best is None or score > best.balanced_accuracy or self.job.config.keep == "last":
            now = Best(
                checkpoint=self.checkpoint({"epoch": epoch + 1, SCORE: score}),
                epoch=epoch,
                balanced_accuracy=score,
                confusion=confusion.tolist(),
            )
            self.state = replace(self.state, best=now)
        return score

    def checkpoint(self, numbers: dict[str, int | float]) -> bytes:
        config = self.model_config
        return Checkpoint(
            architecture=config.architecture,
            classes=config.classes,
            image_size=config.image_size,
            interpolation=config.interpolation,
            mean=config.mean,
            std=config.std,
            views=self.job.config.views,
            trained_on=self.job.trained_on,
            training={**self.job.origin, "precision": self.stepper.precision.name, **numbers},
            state_dict=halved(self.stepper.average.module.state_dict()),
        ).as_bytes()

    def save(self, numbers: dict[str, float]) -> None:
        if self.rank == 0:
            unvalidated = self.checkpoint({"epoch": self.state.epoch})
            report(numbers, self.state, self.stepper, unvalidated)
        else:
            ray_train.report(numbers)
