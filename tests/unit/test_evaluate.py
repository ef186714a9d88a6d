"""python -m train.evaluate: what may be counted is, what was trained on is not, and all is kept."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from handlers.categories import CODES
from handlers.classifier import LesionClassifier
from tests import images, tiny
from train import evaluate, register_model
from train.checkpoint import read
from train.data.unseen import is_the_validation
from train.evaluation import subject
from train.evaluation.evaluation import chose_epoch
from train.evaluation.logged import flat
from train.evaluation.predictions import of_classifier
from train.pth_to_pt import export

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
)
SHOWN = ("MEL", "NV", "UNK")
LESIONS = 8
FILES = {"metrics.json", "report.html", "predictions.csv", "model_card.md"}


def name(code: str, number: int) -> str:
    return f"{code}_{number}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three categories of eight images; 0 and 1 are one lesion, 2 and 3 one picture, 7 is none."""
    folder = tmp_path_factory.mktemp("data")
    truth, metadata = [], []
    for number in range(LESIONS):
        for place, code in enumerate(SHOWN):
            seed = 100 * place + (2 if number == 3 else number)
            body = images.encoded(images.lesion(seed, "NV" if code == "UNK" else code), "JPEG")
            (folder / f"{name(code, number)}.jpg").write_bytes(b"none" if number == 7 else body)
            truth.append([name(code, number), *(float(code == other) for other in CODES)])
            lesion = name(code, 0 if number == 1 else number)
            metadata.append([name(code, number), 50, "anterior torso", lesion, "female"])
    pd.DataFrame(truth, columns=["image", *CODES]).to_csv(
        folder / "Test_GroundTruth.csv", index=False
    )
    columns = ["image", "age_approx", "anatom_site_general", "lesion_id", "sex"]
    pd.DataFrame(metadata, columns=columns).to_csv(folder / "Test_Metadata.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that was trained on image 0 of MEL and image 2 of NV."""
    file = tmp_path_factory.mktemp("trained") / "best_model.pth"
    source = replace(tiny.checkpoint(), trained_on=("MEL_0", "NV_2"))
    file.write_bytes(source.as_bytes())
    return file


@pytest.fixture(scope="module")
def exported(trained: Path) -> tuple[Path, Path]:
    sha256 = hashlib.sha256(trained.read_bytes()).hexdigest()
    model, config = trained.with_name("skin_vit.pt"), trained.with_name("config.json")
    export(read(trained), sha256, "1.0", model, config)
    return model, config


@pytest.fixture(autouse=True)
def mlflow_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


def metrics_of(out: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return values


def test_a_checkpoint_is_measured_on_what_it_has_not_seen(
    trained: Path,
    exported: tuple[Path, Path],
    data: Path,
    tmp_path: Path,
    mlflow_in_a_file: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    out = tmp_path / "out"

    status = evaluate.main(["--model", str(trained), "--data", str(data), "--out", str(out)])

    # Not 0 of MEL, which was trained on, nor 1, its lesion; not 2 of NV, nor 3, its copy.
    kept = {name(code, number) for code in SHOWN for number in range(7)}
    kept -= {"MEL_0", "MEL_1", "NV_2", "NV_3"}
    table = pd.read_csv(out / "predictions.csv", index_col="image")
    metrics = metrics_of(out)
    assert status == 0
    assert {file.name for file in out.iterdir() if file.is_file()} == FILES
    assert set(table.index) == kept
    classifier = LesionClassifier.load(*exported)
    expected = of_classifier(classifier, [data / f"{image}.jpg" for image in table.index])
    np.testing.assert_allclose(table.to_numpy(), expected, rtol=0, atol=1e-6)
    assert metrics["images"] == 17
    assert {code: one["images"] for code, one in metrics["per_class"].items() if one["images"]} == {
        "MEL": 5,
        "NV": 5,
        "UNK": 7,
    }
    measured = metrics["measured"]
    assert metrics["faithfulness"]["images"] == 17
    assert metrics["faithfulness"]["mean_drop_rollout"] is not None
    assert measured["checkpoint_sha256"] == hashlib.sha256(trained.read_bytes()).hexdigest()
    assert measured["left_out"] == {
        "of": 24,
        "training_images_known": 2,
        "trained_on": 2,
        "siblings": 2,
        "unreadable": ["MEL_7", "NV_7", "UNK_7"],
        "refused": [],
    }
    assert any(message.startswith("LEFT OUT: 4 of 24 images") for message in caplog.messages)

    client = mlflow.MlflowClient(mlflow_in_a_file)
    experiment = client.get_experiment_by_name("skin-lesions")
    assert experiment is not None
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "evaluation-out"
    assert run.info.status == "FINISHED"
    assert run.data.metrics["per_class/MEL/auc"] == metrics["per_class"]["MEL"]["auc"]
    assert run.data.params["checkpoint_sha256"] == measured["checkpoint_sha256"]
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == FILES


def test_an_exported_model_is_measured_by_the_checkpoint_that_is_named(
    trained: Path, exported: tuple[Path, Path], tmp_path: Path
) -> None:
    model, config = exported

    found = subject.subject(str(model), config, trained, tmp_path)

    assert found.trained_on == ("MEL_0", "NV_2")
    assert found.checkpoint_sha256 == hashlib.sha256(trained.read_bytes()).hexdigest()


@pytest.mark.parametrize("is_ours", [True, False])
def test_our_checkpoint_is_taken_where_the_model_is_its(
    trained: Path,
    data: Path,
    exported: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_ours: bool,
) -> None:
    ours = tmp_path / "best_model.pth"
    other = replace(tiny.checkpoint(seed=1), trained_on=("MEL_5",)).as_bytes()
    ours.write_bytes(trained.read_bytes() if is_ours else other)
    monkeypatch.setattr(subject, "DEFAULT_CHECKPOINT", ours)
    model, config = exported

    found = subject.subject(str(model), config, None, tmp_path)

    assert found.trained_on == (("MEL_0", "NV_2") if is_ours else ())
    assert any("IT IS NOT KNOWN" in message for message in caplog.messages) is not is_ours
    falls = found.falls([data / "MEL_3.jpg"])
    assert falls is not None
    assert falls.isnan().any().item() is not is_ours


def test_a_url_is_asked_and_its_checkpoint_believed(trained: Path, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/predictions/skin_vit"

    named = subject.subject(url, tmp_path, trained, tmp_path)
    unnamed = subject.subject(url, tmp_path, None, tmp_path)

    assert (named.trained_on, unnamed.trained_on) == (("MEL_0", "NV_2"), ())
    assert unnamed.checkpoint_sha256 == ""
    assert named.falls([tmp_path]) is None


def test_a_registered_model_brings_the_names_it_was_trained_on(
    trained: Path, exported: tuple[Path, Path], data: Path, tmp_path: Path
) -> None:
    model, config = exported
    files = {"--model": model, "--config": config, "--checkpoint": trained}
    register_model.main([word for flag, file in files.items() for word in (flag, str(file))])

    found = subject.subject("models:/skin_vit@candidate", tmp_path, None, tmp_path / "here")

    assert found.trained_on == ("MEL_0", "NV_2")
    assert found.checkpoint_sha256 == hashlib.sha256(trained.read_bytes()).hexdigest()
    assert np.isfinite(found.predict([data / "MEL_4.jpg"])).all()


def test_faults_of_the_caller_are_one_sentence(
    trained: Path,
    exported: tuple[Path, Path],
    data: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model, config = exported
    other = tmp_path / "other.pth"
    other.write_bytes(tiny.checkpoint(seed=1).as_bytes())
    seen_all = tmp_path / "seen_all.pth"
    every = tuple(name(code, number) for code in SHOWN for number in range(LESIONS))
    seen_all.write_bytes(replace(read(trained), trained_on=every).as_bytes())
    url = "http://127.0.0.1:1/predictions/skin_vit"
    faults = {
        ("--model", "no.pth"): "There is no checkpoint no.pth",
        ("--model", str(model), "--config", str(config), "--checkpoint", str(other)): (
            f"{model} was not exported from {other}: name its own checkpoint with --checkpoint."
        ),
        ("--model", str(seen_all)): f"was trained on every image or lesion in {data}",
        ("--model", url): f"No answer from {url}",
    }
    out = tmp_path / "out"

    for arguments, says in faults.items():
        status = evaluate.main([*arguments, "--data", str(data), "--out", str(out)])

        assert status == 2
        assert says in caplog.messages[-1]
    assert not out.exists()


def test_a_place_that_can_not_be_written_to_is_told_before_all_the_work(
    trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "file"
    file.touch()
    out = file / "evaluation"

    status = evaluate.main(["--model", str(trained), "--data", "none", "--out", str(out)])

    assert status == 2
    assert caplog.messages == [
        f"{out} can't be written to ({file}): name another folder with --out."
    ]


def test_a_key_file_is_a_urls(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        evaluate.main(["--model", "a.pth", "--key-file", "key_file.json", "--data", "data"])

    assert "--key-file is for a --model that is a URL" in capsys.readouterr().err


def test_a_checkpoint_has_no_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        evaluate.main(["--model", "a.pth", "--checkpoint", "b.pth", "--data", "data"])

    assert "is for a --model that is no checkpoint" in capsys.readouterr().err


def test_a_sibling_of_an_unreadable_training_image_is_left_out(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    (copy / "MEL_0.jpg").write_bytes(b"none")
    out = tmp_path / "out"

    evaluate.main(["--model", str(trained), "--data", str(copy), "--out", str(out)])

    images = pd.read_csv(out / "predictions.csv")["image"].tolist()
    assert "MEL_1" not in images
    assert "MEL_4" in images


def test_a_sibling_of_a_training_image_that_is_not_there_is_left_out(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
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


def test_a_run_that_set_unk_aside_chose_its_epoch_on_the_rest() -> None:
    table = pd.DataFrame({"image": ["a", "b", "c"], "code": ["MEL", "NV", "UNK"]})
    split = hashlib.sha256(b"a,validation\nb,validation\nd,train").hexdigest()

    def by(keep: str) -> subject.Subject:
        return subject.Subject(
            predict=lambda _: np.empty((0, 9)),
            falls=lambda _: None,
            checkpoint_sha256="",
            trained_on=("d",),
            training={"split_sha256": split, "keep": keep},
            doubt=None,
        )

    assert chose_epoch(by("best"), table)
    assert not chose_epoch(by("last"), table)
    assert not chose_epoch(by("best"), table.head(1))


def test_every_number_has_a_flat_name_that_mlflow_takes() -> None:
    metrics = {
        "images": 4,
        "per_class": {"MEL": {"auc": 0.5, "ppv": None}},
        "operating_points": {"MEL": {"0.90": {"threshold": 0.25, "specificity": None}}},
        "subgroups": {
            "age": [{"group": "80+", "images": 3, "too_few": True}],
            "site": [{"group": "head/neck", "balanced_accuracy": {"value": 0.75}}],
        },
        "confusion": [[1, 2], [3, 4]],
        "measured": {"data": "folder"},
    }

    assert flat(metrics) == {
        "images": 4.0,
        "per_class/MEL/auc": 0.5,
        "operating_points/MEL/0.90/threshold": 0.25,
        "subgroups/age/80_/images": 3.0,
        "subgroups/site/head_neck/balanced_accuracy/value": 0.75,
    }
