"""What a run that goes on makes of what it has."""

from types import SimpleNamespace

import pytest

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
