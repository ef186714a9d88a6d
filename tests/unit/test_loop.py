"""What a run that goes on makes of what it has."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.distributed as dist

from train import loop
from train.config import TrainConfig
from train.loop import Training
from train.state import Best, State

DONE = Best(checkpoint=b"of the second epoch", epoch=1, balanced_accuracy=0.5, confusion=[])


@pytest.mark.parametrize(("keep", "kept"), [("last", None), ("best", DONE)])
def test_the_last_epoch_of_a_run_that_was_done_is_not_the_last_when_it_goes_on(
    keep: str, kept: Best | None
) -> None:
    saved: list[Best | None] = []
    run = SimpleNamespace(
        job=SimpleNamespace(config=TrainConfig.resolved({"keep": keep, "epochs": 3})),
        state=State(epoch=2, best=DONE),
        is_out_of_patience=lambda _: False,
        # Told to stop in it.
        train_epoch=lambda _: None,
    )
    run.save = lambda _: saved.append(run.state.best)

    Training.fit(run)  # type: ignore[arg-type]

    assert saved == [kept]


@pytest.mark.parametrize(("world", "judged"), [(1, 0.0), (2, 7.0)])
def test_every_worker_validates_with_the_statistics_that_the_checkpoint_holds(
    monkeypatch: pytest.MonkeyPatch, world: int, judged: float
) -> None:
    def of_rank_0(tensor: torch.Tensor, src: int) -> None:
        assert src == 0
        tensor.fill_(7.0)

    monkeypatch.setattr(dist, "broadcast", of_rank_0)
    monkeypatch.setattr(loop, "confusion_of", lambda *_: np.eye(2, dtype=int))
    mine, found = torch.nn.BatchNorm2d(3), torch.nn.BatchNorm2d(3)
    run = SimpleNamespace(
        stepper=SimpleNamespace(average=SimpleNamespace(module=mine)),
        judged=SimpleNamespace(model=found, eval=found.eval),
        validation=None, rank=1, world=world, step_size=2, processes=0,
        job=SimpleNamespace(config=TrainConfig.resolved({})),
        state=State(best=Best(checkpoint=b"", epoch=0, balanced_accuracy=1.0, confusion=[])),
    )  # fmt: skip

    Training.validate(run, epoch=1)  # type: ignore[arg-type]

    assert found.running_mean is not None
    assert found.running_mean.tolist() == [judged] * 3
    assert found.num_batches_tracked == 0
    assert found.weight.tolist() == [1.0] * 3


@pytest.mark.parametrize(
    ("step", "steps", "stops"), [(1, 2, True), (2, 2, False), (1, 1, True)], ids=str
)
def test_every_run_has_a_step_to_stop_after(step: int, steps: int, stops: bool) -> None:
    run = SimpleNamespace(
        rank=0, world=1, step_size=4, state=State(), device=torch.device("cpu"),
        reporter=SimpleNamespace(report=lambda _: True),
    )  # fmt: skip

    told = Training.told_to_stop(run, 0, step, steps, 0.5)  # type: ignore[arg-type]

    assert told == stops


def in_epoch(state: State, stops_after: int, world: int = 1) -> SimpleNamespace:
    """A run with epochs of two steps of four images, whose losses are 1 and 3."""
    losses = [1.0, 3.0]
    return SimpleNamespace(
        job=SimpleNamespace(config=TrainConfig.resolved({}), classes=("MEL", "NV")),
        images=SimpleNamespace(labels=[0, 1] * 4),
        state=state, rank=0, world=world, step_size=4, processes=0, model_config=None,
        device=torch.device("cpu"),
        stepper=SimpleNamespace(
            module=torch.nn.Linear(1, 1), step=lambda _, __, number, ___: losses[number]
        ),
        told_to_stop=lambda _, step, *__: step == stops_after,
    )  # fmt: skip


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    def batches(_: object, keys: list[object], size: int, __: int) -> list[tuple[None, None]]:
        return [(None, None)] * (len(keys) // size)

    monkeypatch.setattr(loop, "batches", batches)
    monkeypatch.setattr(loop, "to_inputs", lambda *_: None)


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("stops_after", [1, 2])
def test_an_epoch_that_was_stopped_goes_on_to_its_mean_loss_also_after_its_last_step(
    stops_after: int,
) -> None:
    stopped = in_epoch(State(), stops_after)
    assert Training.train_epoch(stopped, 0) is None  # type: ignore[arg-type]
    assert stopped.state.step == stops_after

    loss = Training.train_epoch(in_epoch(stopped.state, 0), 0)  # type: ignore[arg-type]

    assert loss == 2.0


@pytest.mark.usefixtures("without_pictures")
def test_the_loss_is_that_of_all_workers_images_also_when_the_epoch_was_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def and_anothers(total: torch.Tensor) -> None:
        # The other's losses are twice this one's.
        total += 2 * total

    monkeypatch.setattr(dist, "all_reduce", and_anothers)
    # A worker's share of a step is two images.
    stopped = in_epoch(State(), 1, world=2)
    assert Training.train_epoch(stopped, 0) is None  # type: ignore[arg-type]

    loss = Training.train_epoch(in_epoch(State(), 0, world=2), 0)  # type: ignore[arg-type]

    assert stopped.state.loss == 1.5
    assert loss == 3.0


@pytest.mark.parametrize(("init", "moves"), [("imagenet", False), ("a.pth", False), ("none", True)])
def test_pretrained_batch_norms_keep_their_statistics(
    monkeypatch: pytest.MonkeyPatch, init: str, moves: bool
) -> None:
    norm = torch.nn.BatchNorm2d(3)
    bright = torch.ones(2, 3, 4, 4)
    monkeypatch.setattr(loop, "epoch_order", lambda *_: np.arange(2))
    monkeypatch.setattr(loop, "batches", lambda *_: [(bright, torch.zeros(2))])
    monkeypatch.setattr(loop, "to_inputs", lambda pictures, *_: pictures)
    run = SimpleNamespace(
        images=SimpleNamespace(labels=np.zeros(2, dtype=int)), model_config=None, device="cpu",
        job=SimpleNamespace(config=TrainConfig.resolved({"init": init}), classes=("MEL",)),
        state=State(), step_size=2, rank=0, world=1, processes=0,
        stepper=SimpleNamespace(module=norm, step=lambda inputs, *_: norm(inputs).sum().item()),
        told_to_stop=lambda *_: False,
    )  # fmt: skip

    Training.train_epoch(run, 0)  # type: ignore[arg-type]

    assert norm.running_mean is not None
    assert bool(norm.running_mean.any()) is moves
