"""What a run leaves on disk to go on from."""

from pathlib import Path

import torch

from tests import tiny
from train.state import Best, State, read_best, save

BEST = Best(checkpoint=b"best", epoch=2, balanced_accuracy=0.1 + 0.2, confusion=[[3, 1], [0, 4]])


def test_the_best_comes_back_as_it_was(tmp_path: Path) -> None:
    save(tmp_path, State(epoch=3, best=BEST), tiny.stepper(), b"latest")

    assert read_best(tmp_path) == BEST


def test_without_a_best_the_latest_stands_in(tmp_path: Path) -> None:
    save(tmp_path, State(step=5), tiny.stepper(), b"latest")

    assert read_best(tmp_path) is None
    assert (tmp_path / "best_model.pth").read_bytes() == b"latest"


def test_all_that_a_step_changes_is_kept_as_it_is(tmp_path: Path) -> None:
    stepper = tiny.stepper()
    stepper.step(torch.rand(2, 3, 32, 32), torch.tensor([0, 1]), number=0, done=0.5)

    save(tmp_path, State(epoch=1, step=7, loss=9.5), stepper, b"")

    values = torch.load(tmp_path / "state.pt", weights_only=True)
    assert (values["epoch"], values["step"], values["loss"]) == (1, 7, 9.5)
    torch.testing.assert_close(values["stepper"], stepper.state(), rtol=0, atol=0)
