"""What a run needs to go on where it was, and where Ray Train keeps it."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from ray import train as ray_train

from train.step import Stepper

STATE = "state.pt"
BEST_MODEL = "best_model.pth"
BEST_SCORES = "best.json"
# By which Ray Train knows the better of two checkpoints.
SCORE = "balanced_accuracy"


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best validated weights so far, as the bytes of a checkpoint file."""

    checkpoint: bytes
    epoch: int
    balanced_accuracy: float
    confusion: list[list[int]]


@dataclass(frozen=True, kw_only=True)
class State:
    """The next step to do, and the sum of the losses of the epoch's steps before it; `best` is None
    until an epoch was validated.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    best: Best | None = None


def save(folder: Path, state: State, stepper: Stepper, unvalidated: bytes) -> None:
    """`unvalidated` is the checkpoint that stands in while there is no best one."""
    values = {
        "epoch": state.epoch,
        "step": state.step,
        "loss": state.loss,
        "precision": stepper.precision.name,
        "stepper": stepper.state(),
    }
    torch.save(values, folder / STATE)
    best = state.best
    (folder / BEST_MODEL).write_bytes(unvalidated if best is None else best.checkpoint)
    if best is not None:
        scores = {
            "epoch": best.epoch,
            "balanced_accuracy": best.balanced_accuracy,
            "confusion": best.confusion,
        }
        (folder / BEST_SCORES).write_text(json.dumps(scores))


def read_best(folder: Path) -> Best | None:
    if not (folder / BEST_SCORES).is_file():
        return None
    scores = json.loads((folder / BEST_SCORES).read_text())
    return Best(checkpoint=(folder / BEST_MODEL).read_bytes(), **scores)


def restore(stepper: Stepper) -> State:
    """From Ray Train's newest checkpoint, if the run has one."""
    checkpoint = ray_train.get_checkpoint()
    if checkpoint is None:
        return State()
    with checkpoint.as_directory() as folder:
        values = torch.load(Path(folder, STATE), map_location="cpu", weights_only=True)
        best = read_best(Path(folder))
    stepper.load(values["stepper"], values.get("precision"))
    # Runs of before have no loss.
    loss = values.get("loss", 0.0)
    return State(epoch=values["epoch"], step=values["step"], loss=loss, best=best)


def report(numbers: dict[str, float], state: State, stepper: Stepper, unvalidated: bytes) -> None:
    """Hands Ray Train the numbers and a checkpoint; called by rank 0."""
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder), state, stepper, unvalidated)
        ray_train.report(numbers, checkpoint=ray_train.Checkpoint.from_directory(folder))
