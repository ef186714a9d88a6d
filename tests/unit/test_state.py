"""What a run leaves on disk to go on from."""

from pathlib import Path

import pytest
import torch

from train.optimisation import optimiser
from train.state import Best, State, read_best, save

BEST = Best(checkpoint=b"best", epoch=2, balanced_accuracy=0.1 + 0.2, confusion=[[3, 1], [0, 4]])


@pytest.fixture
def module() -> torch.nn.Module:
    return torch.nn.Linear(2, 2)


def test_the_best_comes_back_as_it_was(tmp_path: Path, module: torch.nn.Module) -> None:
    save(tmp_path, State(epoch=3, best=BEST), module, optimiser(module, set()), b"latest")

    assert read_best(tmp_path) == BEST


def test_without_a_best_the_latest_stands_in(tmp_path: Path, module: torch.nn.Module) -> None:
    save(tmp_path, State(step=5), module, optimiser(module, set()), b"latest")

    assert read_best(tmp_path) is None
    assert (tmp_path / "best_model.pth").read_bytes() == b"latest"


def test_weights_and_optimiser_are_kept_as_they_are(
    tmp_path: Path, module: torch.nn.Module
) -> None:
    adam = optimiser(module, {"weight"})
    module(torch.ones(1, 2)).sum().backward()
    adam.step()

    save(tmp_path, State(epoch=1, step=7), module, adam, b"")

    values = torch.load(tmp_path / "state.pt", weights_only=True)
    assert (values["epoch"], values["step"]) == (1, 7)
    torch.testing.assert_close(values["model"], module.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(values["optimiser"], adam.state_dict(), rtol=0, atol=0)
