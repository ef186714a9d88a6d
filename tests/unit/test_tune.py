"""A study's flags, its space and what it keeps on disk."""

import logging
import shlex
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from tests.images import encoded, lesion
from train import tracking, tune
from train.config import ConfigError, TrainConfig
from train.config import parse as parse_run
from train.data.leaks import PAIRS
from train.data.split import Split
from train.tune import main
from train.tuning import space
from train.tuning.flags import parse
from train.tuning.study import FINISHED, PROGRESS, TRACKED, WAITING, Progress, Study
from train.tuning.table import table_of

GIVEN: list[dict[str, object]] = [
    {},
    {"data": "/data/isic2019", "seed": 7},
    {"workers": 3, "accumulate": 2},
    {"model": "test_vit", "freeze": "all", "epochs": 2},
]


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_each_of_200_settings_is_valid_and_has_a_command_that_gives_it_again(
    given: dict[str, object],
) -> None:
    default = space.base(given)

    drawn = space.trials(default, 200)

    assert len({str(config) for config in drawn}) == 200
    for config in drawn:
        values, _ = parse_run(shlex.split(config.command())[3:])
        assert TrainConfig.resolved(values) == replace(config, out="model_store", ray_address=None)
        assert config.batch_size % (config.workers * config.accumulate) == 0
        searched = {name: getattr(config, name) for name in space.SPACE}
        assert replace(default, **searched) == config


def test_the_settings_fill_their_ranges() -> None:
    drawn = space.trials(space.base({}), 200)

    rates = np.log10([config.lr for config in drawn])
    assert np.histogram(rates, bins=4, range=(np.log10(5e-5), np.log10(3e-3)))[0].min() > 25
    assert {config.batch_size for config in drawn} == {16, 32, 64}
    assert {config.ema for config in drawn} == {0.99, 0.995, 0.998, 0.999}
    for name, low, high in (("mixup", 0, 0.8), ("layer_decay", 0.5, 1)):
        values = [getattr(config, name) for config in drawn]
        assert low <= min(values) < low + 0.05
        assert high - 0.05 < max(values) <= high


def test_the_first_trial_has_the_defaults_and_the_seed_gives_the_rest() -> None:
    default = space.base({"data": "/data/isic2019", "seed": 3})

    drawn = space.trials(default, 5)

    assert drawn[0] == TrainConfig.resolved({"data": "/data/isic2019", "seed": 3})
    assert drawn == space.trials(default, 5)
    assert drawn[1:] != space.trials(replace(default, seed=4), 5)[1:]


def test_every_flag_of_a_run_that_is_not_searched_is_a_flag_of_a_study(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])

    told = capsys.readouterr().out
    for field in fields(TrainConfig):
        flag = f"  --{field.name.replace('_', '-')} "
        # Trials are compared by each epoch's validation, so none keeps its last unseen.
        assert (flag in told) == (field.name not in {*space.SPACE, "keep"}), flag


def test_flags_have_the_types_of_their_fields() -> None:
    words = "--data d --epochs 3 --hold-out 0.1 --compile --trials 4 --together 2"

    options = parse(words.split())

    values = {"data": "d", "epochs": 3, "hold_out": 0.1, "compile": True}
    assert options.values == values
    assert (options.trials, options.together, options.resume) == (4, 2, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--trials 0", "--trials must be more than 0."),
        ("--together 0", "--together must be more than 0."),
        ("--hold-out 0", "--hold-out must be more than 0: trials are scored on what is held out."),
        ("--epochs 0", "--epochs must be more than 0."),
        ("--workers 0", "--workers must be more than 0."),
        ("--data /nowhere", "There is no folder /nowhere."),
        ("--resume", "There is no study to resume in model_store/studies: start one first."),
        ("--resume --out o --trials 5", "leave out --trials."),
    ],
)
def test_a_mistake_is_one_sentence(
    words: str,
    says: str,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    with caplog.at_level(logging.ERROR):
        status = main(words.split())

    (record,) = caplog.records
    assert says in record.getMessage()
    assert status == 2


def test_where_all_that_is_held_out_is_left_out_no_study_begins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number, place in enumerate(("Train/NV", "Train/MEL", "Test/MEL")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.jpg").write_bytes(encoded(lesion(number, "NV"), "JPEG"))
    out = tmp_path / "out"

    status = main(["--data", str(tmp_path), "--leave-out", "MEL", "--out", str(out)])

    assert status == 2
    assert "no held-out image is left to score trials on" in caplog.messages[-1]
    assert not out.exists()


def test_a_searched_setting_is_no_flag() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--lr", "0.1"])


Begin = Callable[..., Study]


def parts_of(image: str) -> Split:
    columns = ["image", "lesion", "group", "fingerprint", "code"]
    side = pd.DataFrame([[image, "L", "L", "00" * 128, "NV"]], columns=columns)
    return Split(train=side, validation=side.iloc[:0])


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """A study of four trials whose MLflow is a file."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")

    def begin(epochs: int = 10) -> Study:
        default = space.base({"out": str(tmp_path / "out"), "epochs": epochs})
        return Study.begin(space.trials(default, 4), parts_of("a"))

    return begin


def test_a_study_is_found_again_with_what_became_of_its_trials(
    begin: Begin, tmp_path: Path
) -> None:
    study = begin()
    study.note(2, Progress(status=FINISHED, scores={1: 0.25, 2: 0.5}))
    study.note(3, Progress(scores={1: 0.25}))

    found = Study.newest(tmp_path / "out", {})

    assert found == study
    assert found.numbers(FINISHED) == [2]
    assert found.numbers(WAITING) == [1, 3, 4]
    assert found.progress(2) == Progress(status=FINISHED, scores={1: 0.25, 2: 0.5})


@pytest.mark.parametrize("left", [b"", b"\0" * 20, b'{"status": "fini'])
def test_what_a_machine_that_went_down_left_of_a_trial_is_as_if_it_were_not_there(
    begin: Begin, left: bytes
) -> None:
    study = begin()
    study.note(2, Progress(status=FINISHED, scores={1: 0.25}))
    before = study.tracked_trial(2)
    for name in (PROGRESS, TRACKED):
        (study.trial_folder(2) / name).write_bytes(left)

    assert study.numbers(WAITING) == [1, 2, 3, 4]
    assert study.tracked_trial(2) not in (before, study.tracked_trial(3))


def test_a_study_that_was_moved_is_where_it_is_now(begin: Begin, tmp_path: Path) -> None:
    old = begin()
    for run in (old.tracked, old.tracked_trial(2)):
        delivery = tracking.delivery_of(run)
        delivery.settle(30)
        # Of a process that is over by then.
        delivery.begin(0)
    (tmp_path / "out").rename(tmp_path / "new")
    options = parse(["--resume", "--out", str(tmp_path / "new"), "--data", "elsewhere"])

    found = Study.newest(options.out, options.moved)

    assert {config.out for config in found.trials} == {str(tmp_path / "new")}
    assert {config.data for config in found.trials} == {"elsewhere"}
    for run in (found.tracked, found.tracked_trial(2)):
        assert Path(run.folder).is_relative_to(tmp_path / "new")
        assert run.outbox.first()["kind"] == "create"


def test_a_study_keeps_what_it_went_on_with_but_not_its_cluster(
    begin: Begin, tmp_path: Path
) -> None:
    begin()
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="no longer those"):
        Study.newest(out, {"data": "another"}).go_on(parts_of("b"))
    plain = Study.newest(out, {})

    Study.newest(out, {"data": "moved", "ray_address": "a:1"}).go_on(parts_of("a"))

    assert {config.data for config in plain.trials} == {None}
    kept = Study.newest(out, {}).trials
    assert {(config.data, config.ray_address) for config in kept} == {("moved", None)}


def test_a_study_is_told_of_leaks_as_a_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    parts = parts_of("a")
    parts = replace(parts, validation=parts.train.assign(image="b"))

    study = Study.begin(space.trials(space.base({"out": str(tmp_path)}), 1), parts)

    assert "1 of 1 held-out images are in training too" in caplog.text
    assert (study.folder / PAIRS).exists()
    (parameters,) = [
        one.message["params"]
        for one in study.tracked.outbox.after(0)
        if one.message["kind"] == "params"
    ]
    assert parameters["leaked_lesions"] == "1"


def test_a_search_that_ends_early_is_told_to_mlflow(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "search", ended)
    study, nothing = begin(), pd.DataFrame()

    with pytest.raises(KeyboardInterrupt):
        tune.run(study, Split(train=nothing, validation=nothing), together=1)

    assert study.tracked.run_id is not None
    status = mlflow.MlflowClient(study.tracked.uri).get_run(study.tracked.run_id).info.status
    assert status == "FAILED"


def test_a_trial_keeps_its_run_below_the_studys(begin: Begin) -> None:
    study = begin()

    run = study.tracked_trial(2)

    tracking.finish(study.tracked, None, None, "FINISHED")
    tracking.finish(run, None, None, "FINISHED")
    assert study.tracked_trial(2) == run
    client = mlflow.MlflowClient(run.uri)
    assert run.run_id is not None
    child = client.get_run(run.run_id)
    assert child.data.tags["mlflow.parentRunId"] == study.tracked.run_id
    assert child.data.params["lr"] == str(study.trials[1].lr)


def test_trials_without_a_checkpoint_are_not_in_the_table(begin: Begin) -> None:
    study = begin()
    study.note(1, Progress(scores={}))

    table = table_of(study)

    assert table.empty
    assert [*space.SPACE] == [name for name in table.columns if name in space.SPACE]
