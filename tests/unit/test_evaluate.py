"""python -m train.evaluate: what may be counted is, what was trained on is not, and all is kept."""

import hashlib
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from handlers.classifier import LesionClassifier
from tests import tiny
from tests.unit.evaluated import LESIONS, SHOWN, metrics_of, name
from train import evaluate
from train.checkpoint import read
from train.evaluation.predictions import of_classifier

pytestmark = [
    pytest.mark.usefixtures("mlflow_in_a_file"),
    pytest.mark.filterwarnings(
        "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
    ),
]
FILES = {"metrics.json", "report.html", "predictions.csv", "model_card.md"}


def test_a_checkpoint_is_measured_on_what_it_has_not_seen(
    trained: Path,
    its_export: tuple[Path, Path],
    labelled: Path,
    tmp_path: Path,
    mlflow_in_a_file: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    out = tmp_path / "out"

    status = evaluate.main(["--model", str(trained), "--data", str(labelled), "--out", str(out)])

    # Not 0 of MEL, which was trained on, nor 1, its lesion; not 2 of NV, nor 3, its copy.
    kept = {name(code, number) for code in SHOWN for number in range(7)}
    kept -= {"MEL_0", "MEL_1", "NV_2", "NV_3"}
    table = pd.read_csv(out / "predictions.csv", index_col="image")
    metrics = metrics_of(out)
    assert status == 0
    assert {file.name for file in out.iterdir() if file.is_file()} == FILES
    assert set(table.index) == kept
    classifier = LesionClassifier.load(*its_export)
    expected = of_classifier(classifier, [labelled / f"{image}.jpg" for image in table.index])
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
        "lesions_named": True,
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


def test_faults_of_the_caller_are_one_sentence(
    trained: Path,
    its_export: tuple[Path, Path],
    labelled: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model, config = its_export
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
        ("--model", str(seen_all)): f"was trained on every image or lesion in {labelled}",
        ("--model", url): f"No answer from {url}",
    }
    out = tmp_path / "out"

    for arguments, says in faults.items():
        status = evaluate.main([*arguments, "--data", str(labelled), "--out", str(out)])

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


@pytest.mark.parametrize("model", ["a.pth", "http://127.0.0.1:8080", "models:/skin_vit@champion"])
def test_a_config_is_an_exported_models(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        evaluate.main(["--model", model, "--config", "config.json", "--data", "data"])

    assert "--config is for a --model that is an exported file" in capsys.readouterr().err
