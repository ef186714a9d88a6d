"""What starting weights have seen goes on into the checkpoint, and is never held out."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from tests import tiny
from tests.images import encoded, lesion
from train import run
from train.checkpoint import config_of, read
from train.config import ConfigError, TrainConfig
from train.data.layouts import DataError
from train.data.split import Split
from train.data.unseen import Images, strangers
from train.inherited import check_held_out, seen_by, seen_in_all
from train.loop import Training
from train.models import build


@pytest.fixture
def init(tmp_path: Path) -> Path:
    """A checkpoint that was trained on two images, and made from one that was on another."""
    file = tmp_path / "init.pth"
    named = ("a", "ISIC_0000001", "of before")
    file.write_bytes(replace(tiny.checkpoint(), trained_on=named).as_bytes())
    return file


def config(init: Path | str) -> TrainConfig:
    return TrainConfig.resolved({"init": str(init)})


def table(*rows: tuple[str, str, str], side: str = "") -> pd.DataFrame:
    """Rows of image, lesion and group."""
    columns = ["image", "lesion", "group"]
    found = pd.DataFrame(rows, columns=columns)
    return found.assign(side=side, path="/data/" + found["image"].astype(str))


def images_of(parts: Split, *absent: tuple[str, str, str]) -> Images:
    there = pd.concat([parts.train, parts.validation], ignore_index=True)
    listed = pd.concat([there, table(*absent)], ignore_index=True)
    return Images(folder=Path("data"), listed=listed, given=there, table=there)


def parts_of(train: pd.DataFrame, held_out: pd.DataFrame, init: Path | None = None) -> Split:
    inherited = () if init is None else seen_by(str(init))
    return Split(train=train, validation=held_out, inherited=inherited)


def test_a_checkpoint_names_its_own_images_and_then_those_of_all_before_it(init: Path) -> None:
    parts = parts_of(table(("b", "L1", "L1"), ("a", "L2", "L2")), table(), init)

    found = seen_in_all(parts)

    assert found == ("b", "a", "ISIC_0000001", "of before")


@pytest.mark.parametrize("weights", ["imagenet", "none", "absent.pth", "w.safetensors", "bare.pth"])
def test_of_other_weights_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(build("test_vit", 8).state_dict(), "bare.pth")
    Path("w.safetensors").write_bytes(b"")

    assert seen_by(weights) == ()


@pytest.mark.parametrize(
    ("held_out", "absent"),
    [
        (("a", "L1", "L1"), []),
        (("ISIC_0000001_downsampled", "L1", "L1"), []),
        # A picture of the lesion of one that is not there.
        (("b", "L1", "L1"), [("a", "L1", "L1")]),
    ],
    ids=["itself", "by its id", "its lesion"],
)
def test_what_the_weights_have_seen_cannot_be_held_out(
    init: Path, held_out: tuple[str, str, str], absent: list[tuple[str, str, str]]
) -> None:
    parts = parts_of(table(("c", "L2", "L2")), table(held_out, ("d", "L3", "L3")), init)
    images = images_of(parts, *absent)

    check_held_out(replace(parts, inherited=()), images, config("none"))
    with pytest.raises(
        ConfigError, match=rf"on 1 of 2 held-out .*\({held_out[0]}\).* --hold-out 0"
    ):
        check_held_out(parts, images, config(init))


def test_a_near_duplicate_of_what_they_have_seen_is_known_where_that_is_not_used(
    init: Path,
) -> None:
    parts = parts_of(table(("c", "L2", "L2")), table(("b", "L1", "a")), init)
    images = images_of(parts)
    images = replace(images, table=pd.concat([images.table, table(("a", "a", "a"))]))

    with pytest.raises(ConfigError, match="on 1 of 1 held-out images"):
        check_held_out(parts, images, config(init))


def test_a_split_that_holds_out_what_the_weights_have_not_seen_is_taken(init: Path) -> None:
    train = table(("a", "L1", "L1"), ("c", "L2", "L2"))
    parts = parts_of(train, table(("d", "L3", "L3")), init)

    check_held_out(parts, images_of(parts), config(init))


def test_what_a_test_folder_shares_with_training_is_told_as_a_leak_alone(init: Path) -> None:
    train = table(("a", "a", "a"), side="train")
    shared, seen = table(("b", "b", "a"), side="test"), table(("of before", "of before", "x"))

    parts = parts_of(train, shared, init)
    check_held_out(parts, images_of(parts), config(init))

    both = pd.concat([shared, seen.assign(side="test")], ignore_index=True)
    parts = parts_of(train, both, init)
    with pytest.raises(ConfigError, match=r"\(of before\).*, or take them out of Test\."):
        check_held_out(parts, images_of(parts), config(init))


def test_what_is_trained_on_is_not_the_unknown(
    init: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = parts_of(
        table(("ISIC_0000002", "L", "L"), ("Train/UNK/e.jpg", "M", "M")), table(), init
    )
    names = ["ISIC_0000003.jpg", "more/ISIC_0000001.jpg", "ISIC_0000002.jpg", "e.jpg"]
    unknown = table(*((name, "x", "x") for name in names))
    # The same file below another folder.
    unknown.loc[3, "path"] = parts.train["path"][1]

    seen = Path("u"), seen_in_all(parts), parts.train["path"]

    found = strangers(unknown, *seen)

    assert found["image"].tolist() == ["ISIC_0000003.jpg"]
    assert caplog.messages == ["LEFT OUT: 3 of 4 images in u, trained on"]
    with pytest.raises(DataError, match="Every image in u was trained on: name others"):
        strangers(unknown[1:], *seen)


def test_a_run_says_so_before_it_begins(
    drawings: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data: dict[str, object] = {"data": str(drawings), "model": "test_vit"}
    held_out = run.parts_of(TrainConfig.resolved(data | {"init": "none"})).validation["image"]
    file, strange = tmp_path / "init.pth", tmp_path / "strange"
    named = (held_out[0], "ISIC_0000001")
    file.write_bytes(replace(tiny.checkpoint(), trained_on=named).as_bytes())
    strange.mkdir()
    (strange / "ISIC_0000001.jpg").write_bytes(encoded(lesion(1), "JPEG"))
    words = ["--data", str(drawings), "--model", "test_vit", "--init", str(file)]
    words += ["--out", str(tmp_path / "out")]

    for more, says in (
        ([], f"of {len(held_out)} held-out images, or on others"),
        (
            ["--hold-out", "0", "--unk-data", str(strange)],
            f"Every image in {strange} was trained on",
        ),
    ):
        monkeypatch.setattr(sys, "argv", ["train.run", *words, *more])
        assert run.main() == 2
        assert says in caplog.messages[-1]


def test_they_stand_in_the_checkpoint_of_a_run(
    init: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "Line", SimpleNamespace(remote=lambda: None))
    train = table(("b", "L", "L")).assign(code="NV")
    begun = SimpleNamespace(config=config(init), folder=tmp_path, tracked=None)
    stepper = tiny.stepper()
    job = run.job_of(begun, parts_of(train, train[:0], init))  # type: ignore[arg-type]
    training = SimpleNamespace(
        job=job, model_config=config_of("test_vit", job.classes, stepper.module), stepper=stepper
    )

    file = tmp_path / "made.pth"
    file.write_bytes(Training.checkpoint(training, {"epoch": 1}))  # type: ignore[arg-type]

    assert read(file).trained_on == ("b", "a", "ISIC_0000001", "of before")
    assert read(file).training["training_images"] == 1
