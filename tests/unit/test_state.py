"""What a run leaves on disk to go on from."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from ray import train as ray_train

from tests import tiny
from train import precision
from train.state import STATE, Best, State, read_best, restore, save

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


@pytest.fixture
def newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of Ray Train's newest checkpoint."""
    kept = SimpleNamespace(as_directory=lambda: nullcontext(tmp_path))
    monkeypatch.setattr(ray_train, "get_checkpoint", lambda: kept)
    return tmp_path


@pytest.mark.parametrize(("began", "here"), [("fp32", "fp16"), ("fp16", "fp32"), ("bf16", "fp16")])
def test_steps_stay_in_the_format_they_began_in_where_auto_means_another(
    newest: Path, monkeypatch: pytest.MonkeyPatch, began: str, here: str
) -> None:
    monkeypatch.setattr(precision, "automatic", lambda _: began)
    save(newest, State(epoch=1), tiny.stepper(), b"")
    monkeypatch.setattr(precision, "automatic", lambda _: here)
    stepper = tiny.stepper()

    restore(stepper)

    assert stepper.precision.name == began
    assert stepper.precision.scaler.is_enabled() == (began == "fp16")


@pytest.mark.parametrize("here", ["fp32", "fp16"])
def test_runs_of_before_go_on_in_what_auto_means_here(
    newest: Path, monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    save(newest, State(epoch=1), tiny.stepper(), b"")
    values = torch.load(newest / STATE, weights_only=True)
    del values["precision"]
    torch.save(values, newest / STATE)
    monkeypatch.setattr(precision, "automatic", lambda _: here)
    stepper = tiny.stepper()

    restore(stepper)

    assert stepper.precision.name == here
