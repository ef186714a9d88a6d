"""Which trials a study ends early, and what it notes of them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from train import tracking
from train.state import SCORE
from train.tuning import space
from train.tuning.schedule import Ladder, Notes
from train.tuning.study import FAILED, FINISHED, STOPPED, WAITING, Progress, Study

# Of ten epochs the second and the sixth are rungs.
EPOCHS = 10


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Four trials, of which nothing is sent anywhere."""
    default = space.base({"out": str(tmp_path), "epochs": EPOCHS})
    return Study(
        folder=tmp_path / "study",
        trials=space.trials(default, 4),
        split_sha256="",
        labels_sha256="",
        tracked=tracking.Run(uri="", folder=str(tmp_path / "mlflow")),
    )


def trial(number: int) -> SimpleNamespace:
    return SimpleNamespace(trial_id=f"of Tune's {number}", config={"number": number})


def told(ladder: Ladder, number: int, scores: dict[int, float]) -> str:
    """What is said to the last of a trial's scores, which it reports one by one."""
    decision = ""
    for epoch, score in scores.items():
        decision = ladder.on_trial_result(None, trial(number), {"epoch": epoch, SCORE: score})
    return decision


def new(study: Study, epoch: int, score: float) -> str:
    """What the scheduler says to a new trial's score."""
    ladder = Ladder(study)
    ladder.on_trial_add(None, trial(4))
    return told(ladder, 4, {epoch: score})


def test_a_hopeless_trial_is_ended_after_its_grace_also_when_the_others_ran_before_a_resume(
    study: Study,
) -> None:
    for number, score in ((1, 0.6), (2, 0.5), (3, 0.4)):
        study.note(number, Progress(status=FINISHED, scores={1: score, 2: score}))

    assert new(study, 1, 0.1) == "CONTINUE"
    assert new(study, 2, 0.1) == "STOP"
    assert new(study, 2, 0.7) == "CONTINUE"


def test_what_is_not_concluded_is_on_no_rung_before_it_goes_on(study: Study) -> None:
    study.note(1, Progress(scores={1: 0.9, 2: 0.9}))
    study.note(2, Progress(status=STOPPED, scores={1: 0.1, 2: 0.1}))

    assert new(study, 2, 0.5) == "CONTINUE"


@pytest.mark.parametrize("status", [WAITING, FAILED])
def test_a_trial_that_goes_on_is_judged_by_its_score_at_each_rung_as_if_never_interrupted(
    study: Study, status: str
) -> None:
    study.note(1, Progress(status=FINISHED, scores=dict.fromkeys(range(1, EPOCHS + 1), 0.5)))
    study.note(2, Progress(status=status, scores={1: 0.55, 2: 0.55, 3: 0.7}))
    ladder = Ladder(study)
    for number in (2, 3):
        ladder.on_trial_add(None, trial(number))

    # Above what two thirds had at the second epoch, but not above what trial 2 had later.
    decisions = [told(ladder, 2, {4: 0.7, 5: 0.7, 6: 0.7}), told(ladder, 3, {1: 0.6, 2: 0.6})]

    assert decisions == ["CONTINUE", "CONTINUE"]


def test_a_failed_trial_that_is_tried_again_is_not_done_until_it_is(study: Study) -> None:
    study.note(2, Progress(status=FAILED, scores={1: 0.4}))

    Notes(study).on_trial_start(trial(2))

    assert study.progress(2) == Progress(status=WAITING, scores={1: 0.4})


def test_the_studys_score_of_a_trial_is_the_best_it_had_in_the_end(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[dict[str, float]] = []
    monkeypatch.setattr(Study, "tracked_trial", lambda *_: None)
    monkeypatch.setattr(tracking, "finish", lambda *_: None)
    monkeypatch.setattr(tracking, "log_numbers", lambda _, numbers, __: logged.append(numbers))
    study.note(2, Progress(scores={1: 0.4}))

    failed = SimpleNamespace(config={"number": 2}, error_file="error.txt")
    Notes(study).on_trial_error(failed)
    study.note(2, Progress(scores={1: 0.4, 2: 0.7, 3: 0.6}))
    Notes(study).on_trial_complete(trial(2))

    assert logged == [{SCORE: 0.7}]
