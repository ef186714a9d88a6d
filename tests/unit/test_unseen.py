"""What an evaluation leaves out, as the model or its choice has seen it."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests import images
from tests.unit.evaluated import metrics_of
from train import evaluate
from train.checkpoint import read
from train.data.unseen import is_the_validation
from train.evaluation.evaluation import chose_epoch
from train.evaluation.subject import Subject

pytestmark = [
    pytest.mark.usefixtures("mlflow_in_a_file"),
    pytest.mark.filterwarnings(
        "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
    ),
]


def test_a_sibling_of_an_unreadable_training_image_is_left_out(
    trained: Path, labelled: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(labelled, copy)
    (copy / "MEL_0.jpg").write_bytes(b"none")
    out = tmp_path / "out"

    evaluate.main(["--model", str(trained), "--data", str(copy), "--out", str(out)])

    images = pd.read_csv(out / "predictions.csv")["image"].tolist()
    assert "MEL_1" not in images
    assert "MEL_4" in images


def test_a_sibling_of_a_training_image_that_is_not_there_is_left_out(
    trained: Path, labelled: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(labelled, copy)
    (copy / "MEL_0.jpg").unlink()
    out = tmp_path / "out"

    evaluate.main(["--model", str(trained), "--data", str(copy), "--out", str(out)])

    images = pd.read_csv(out / "predictions.csv")["image"].tolist()
    assert "MEL_1" not in images
    assert "MEL_4" in images


def test_a_training_image_is_known_in_folders_of_classes(trained: Path, tmp_path: Path) -> None:
    file = tmp_path / "named.pth"
    file.write_bytes(replace(read(trained), trained_on=("ISIC_0000001",)).as_bytes())
    for seed, code in enumerate(("MEL", "NV", "NV")):
        folder = tmp_path / "data" / "Train" / code
        folder.mkdir(parents=True, exist_ok=True)
        body = images.encoded(images.lesion(seed, code), "JPEG")
        (folder / f"ISIC_000000{seed}.jpg").write_bytes(body)
    out = tmp_path / "out"

    evaluate.main(["--model", str(file), "--data", str(tmp_path / "data"), "--out", str(out)])

    assert metrics_of(out)["measured"]["left_out"]["trained_on"] == 1
    asked = pd.read_csv(out / "predictions.csv")["image"].tolist()
    assert [name.split("/")[-1] for name in asked] == ["ISIC_0000000", "ISIC_0000002"]


def test_a_runs_own_validation_is_recognised() -> None:
    images, trained_on = pd.Series(["b", "a"]), ("c",)
    split = hashlib.sha256(b"a,validation\nb,validation\nc,train").hexdigest()

    assert is_the_validation(images, trained_on, {"split_sha256": split})
    assert not is_the_validation(images.head(1), trained_on, {"split_sha256": split})
    assert not is_the_validation(images, (), {})
    # The last of these are those of the weights that it started from.
    told: dict[str, str | int | float] = {"split_sha256": split, "training_images": 1}
    assert is_the_validation(images, ("c", "of before"), told)
    assert not is_the_validation(images, ("c", "of before"), {"split_sha256": split})


def test_a_run_that_set_unk_aside_chose_its_epoch_on_the_rest() -> None:
    table = pd.DataFrame({"image": ["a", "b", "c"], "code": ["MEL", "NV", "UNK"]})
    split = hashlib.sha256(b"a,validation\nb,validation\nd,train").hexdigest()

    def by(keep: str) -> Subject:
        return Subject(
            predict=lambda _: np.empty((0, 9)),
            falls=lambda _: None,
            checkpoint_sha256="",
            trained_on=("d",),
            training={"split_sha256": split, "keep": keep},
            doubt=None,
            fitted_to=(),
        )

    assert chose_epoch(by("best"), table)
    assert not chose_epoch(by("last"), table)
    assert not chose_epoch(by("best"), table.head(1))
