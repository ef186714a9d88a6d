"""What train.run does before it trains, and with the checkpoint that comes of it."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import ray

from handlers.categories import CODES, WITHOUT_UNKNOWN
from tests import tiny
from tests.images import encoded, lesion
from tests.unit.conftest import EACH, STRANGE
from train import tracking
from train.checkpoint import read
from train.config import ConfigError, TrainConfig
from train.data.layouts import DataError
from train.data.layouts import read as read_data
from train.data.split import Split, readable
from train.fit import enough_for
from train.run import check, classes_of, conclude, main, parts_of, unknown_of, with_doubt


def table(*codes: str) -> pd.DataFrame:
    names = list(codes)
    return pd.DataFrame({"image": names, "code": names, "path": names})


@pytest.fixture(scope="module")
def images(drawings: Path) -> pd.DataFrame:
    return readable(read_data(drawings))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    file = tmp_path / "best_model.pth"
    file.write_bytes(replace(tiny.checkpoint(), fitted=None).as_bytes())
    return file


def test_a_category_that_is_left_out_is_neither_trained_nor_validated_on(drawings: Path) -> None:
    config = TrainConfig.resolved({"data": str(drawings), "leave_out": "VASC"})

    parts = parts_of(config)

    every = pd.concat([parts.train, parts.validation])
    assert set(every["code"]) == set(WITHOUT_UNKNOWN) - {"VASC"}
    assert len(every) == EACH * (len(WITHOUT_UNKNOWN) - 1)


def test_all_else_is_split_as_it_would_be_with_it(drawings: Path) -> None:
    whole = parts_of(TrainConfig.resolved({"data": str(drawings)}))

    parts = parts_of(TrainConfig.resolved({"data": str(drawings), "leave_out": "VASC"}))

    left = whole.train.loc[whole.train["code"] != "VASC", "image"]
    assert parts.train["image"].tolist() == left.tolist()


@pytest.mark.parametrize(
    ("trained", "leave_out", "expected"),
    [
        (("MEL", "NV"), None, WITHOUT_UNKNOWN),
        (("MEL", "UNK"), None, CODES),
        (("MEL", "NV"), "MEL", WITHOUT_UNKNOWN[1:]),
        (("NV", "UNK"), "MEL", CODES[1:]),
    ],
)
def test_the_models_outputs(
    trained: tuple[str, ...], leave_out: str | None, expected: tuple[str, ...]
) -> None:
    parts = Split(train=table(*trained), validation=table("NV"))

    assert classes_of(parts.without(leave_out), leave_out) == expected


def test_held_out_images_of_what_training_has_none_are_not_validated_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number, place in enumerate(("Train/MEL", "Train/NV", "Test/NV", "Test/UNK")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.jpg").write_bytes(encoded(lesion(number, "NV"), "JPEG"))

    parts = parts_of(TrainConfig.resolved({"data": str(tmp_path)}))

    assert parts.validation["code"].tolist() == ["NV"]
    assert "1 held-out images are of UNK, which none in training is" in caplog.text
    (tmp_path / "Train" / "UNK").mkdir()
    (tmp_path / "Train" / "UNK" / "b.jpg").write_bytes(encoded(lesion(9, "BCC"), "JPEG"))

    parts = parts_of(TrainConfig.resolved({"data": str(tmp_path)}))

    assert parts.validation["code"].tolist() == ["NV", "UNK"]


@pytest.mark.parametrize(
    ("resources", "workers", "says"),
    [
        ({"CPU": 2.0}, 3, "3 workers need 3 CPUs, and there are 2: lower --workers."),
        ({"CPU": 8.0, "GPU": 1.0}, 2, "2 workers need 2 GPUs, and there are 1: lower --workers."),
    ],
)
def test_more_workers_than_there_is_room_for_are_refused(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, float], workers: int, says: str
) -> None:
    monkeypatch.setattr(ray, "cluster_resources", lambda: resources)

    enough_for(workers - 1)
    with pytest.raises(ConfigError, match=says):
        enough_for(workers)


def test_the_unknown_is_read(strange: Path) -> None:
    parts = Split(train=table("MEL"), validation=table("NV"))

    found = unknown_of(TrainConfig.resolved({"unk_data": str(strange)}), parts)

    assert found is not None
    assert len(found) == STRANGE
    assert set(found["code"]) == {"UNK"}
    assert unknown_of(TrainConfig.resolved({}), parts) is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--unk-data", "none"], "There is no folder none."),
        (["--unk-data", "empty"], "There is no image in empty."),
        (["--unk-data", "broken"], "None of the 1 images can be read."),
        (["--leave-out", "melanoma"], "--leave-out must be one of MEL, NV"),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_an_error_before_training_begins(
    drawings: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    words: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken", "0.jpg").write_bytes(b"not an image")
    flags = ["--data", str(drawings), "--model", "test_vit", "--init", "none", "--out", "out"]
    monkeypatch.setattr(sys, "argv", ["train.run", *flags, *words])

    status = main()

    assert status == 2
    assert says in caplog.messages[-1]
    assert not Path("out").exists()


def test_a_folder_of_what_is_left_out_has_nothing_to_train_on(tmp_path: Path) -> None:
    (tmp_path / "Train" / "NV").mkdir(parents=True)
    (tmp_path / "Train" / "NV" / "a.jpg").write_bytes(encoded(lesion(1, "NV"), "JPEG"))
    values: dict[str, object] = {"data": str(tmp_path), "leave_out": "NV", "hold_out": 0.0}

    with pytest.raises(DataError, match=r"Without NV there is no image in .* to train on"):
        parts_of(TrainConfig.resolved(values))


def test_more_workers_than_training_images_are_refused() -> None:
    parts = Split(train=table("MEL", "NV"), validation=table("NV"))
    config = TrainConfig.resolved({"workers": 4})

    check(replace(config, workers=2), parts)
    with pytest.raises(ConfigError, match="4 workers can't share 2 training images: lower"):
        check(config, parts)


@pytest.mark.parametrize("more", [{"fold": 1}, {"hold_out": 0.1}])
def test_a_test_folder_is_what_is_held_out(
    tmp_path: Path, more: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    for place in ("Train/MEL", "Test/NV"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.jpg").write_bytes(encoded(lesion(1, "NV"), "JPEG"))

    # Before anything else is found out.
    (tmp_path / "Train/MEL/a.jpg").write_bytes(b"no image")
    with pytest.raises(ConfigError, match="leave out --hold-out and --fold"):
        parts_of(TrainConfig.resolved({"data": str(tmp_path)} | more))
    assert not caplog.messages


def test_what_was_there_before_a_run_is_kept_however_often_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "finish", lambda *_: None)
    config = TrainConfig.resolved({"out": str(tmp_path)})
    run = SimpleNamespace(config=config, folder=tmp_path / "run", tracked=None)
    run.folder.mkdir()
    (tmp_path / "best_model.pth").write_text("another's")

    for weights in (b"half trained", b"trained"):
        conclude(run, run.folder, weights, WITHOUT_UNKNOWN, False)  # type: ignore[arg-type]

    kept = [(tmp_path / f"{name}_model.pth").read_text() for name in ("best", "previous")]
    assert kept == ["trained", "another's"]
    assert not list(tmp_path.glob("*.part"))

    (tmp_path / "best_model.pth").write_text("put there by hand")
    conclude(run, run.folder, b"again", WITHOUT_UNKNOWN, False)  # type: ignore[arg-type]

    assert (tmp_path / "previous_model.pth").read_text() == "put there by hand"


def test_a_trained_checkpoint_gets_what_is_fitted_to_its_validation_images(
    saved: Path, images: pd.DataFrame, strange: Path
) -> None:
    parts = Split(train=images, validation=images)
    unknown = unknown_of(TrainConfig.resolved({"unk_data": str(strange)}), parts)

    for others in (None, unknown):
        saved.with_name("fitted.pth").write_bytes(with_doubt(saved, images, others))
        fitted = read(saved.with_name("fitted.pth")).fitted

        assert fitted is not None
        assert fitted.evidence["images"] == len(images)


@pytest.mark.parametrize("count", [0, 10])
def test_with_too_few_validation_images_it_stays_as_it_is(
    saved: Path, images: pd.DataFrame, caplog: pytest.LogCaptureFixture, count: int
) -> None:
    found = with_doubt(saved, images[:count], None)

    assert found == saved.read_bytes()
    assert caplog.messages[-1].endswith("Answers will be bare probabilities.")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--epochs", "0"], "--epochs must be more than 0"),
        (["--workers", "3"], "--batch-size must be a multiple of --workers"),
        (["--hold-out", "0.9"], "--hold-out must be 0, or one of 0.5"),
        (["--freeze", "some"], "--freeze must be a number of layers, or all"),
        (["--model", "no_such_vit"], "timm has no model 'no_such_vit'"),
        (["--init", "absent.pth"], "There is no file"),
        (
            ["--model", "vit_tiny_patch16_224", "--init", "none", "--train-size", "200"],
            "--train-size must be a multiple of vit_tiny_patch16_224's patches, 16",
        ),
        (
            ["--model", "test_vit", "--init", "none", "--hold-out", "0", "--patience", "2"],
            "--patience needs held-out images",
        ),
        (["--out", "/dev/null/out"], "/dev/null/out can't be written to"),
        (
            ["--model", "test_vit", "--init", "none", "--ray-address", "127.0.0.1:1"],
            "No Ray cluster answers at 127.0.0.1:1",
        ),
        (["--resume"], "There is no run to resume"),
    ],
)
def test_a_mistake_is_told_before_training(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    drawings: Path,
    flags: list[str],
    says: str,
) -> None:
    given = ["train.run", "--data", str(drawings), "--out", str(tmp_path / "out"), *flags]
    monkeypatch.setattr(sys, "argv", given)

    assert main() == 2

    assert says in caplog.text
