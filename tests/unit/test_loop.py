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
