"""What is evaluated, of whatever kind, brings what its checkpoint was trained on."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.unit.evaluated import TRAINED_ON
from train import register_model
from train.evaluation import subject

pytestmark = [
    pytest.mark.usefixtures("mlflow_in_a_file"),
    pytest.mark.filterwarnings(
        "ignore:The ``noload`` loader:sqlalchemy.exc.SADeprecationWarning",  # MLflow's own queries
    ),
]


def test_an_exported_model_is_measured_by_the_checkpoint_that_is_named(
    trained: Path, its_export: tuple[Path, Path], tmp_path: Path
) -> None:
    model, config = its_export

    found = subject.subject(str(model), config, trained, tmp_path)

    assert found.trained_on == TRAINED_ON
    assert found.checkpoint_sha256 == hashlib.sha256(trained.read_bytes()).hexdigest()


@pytest.mark.parametrize("is_ours", [True, False])
def test_our_checkpoint_is_taken_where_the_model_is_its(
    trained: Path,
    labelled: Path,
    its_export: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_ours: bool,
) -> None:
    ours = tmp_path / "best_model.pth"
    other = replace(tiny.checkpoint(seed=1), trained_on=("MEL_5",)).as_bytes()
    ours.write_bytes(trained.read_bytes() if is_ours else other)
    monkeypatch.setattr(subject, "DEFAULT_CHECKPOINT", ours)
    model, config = its_export

    found = subject.subject(str(model), config, None, tmp_path)

    assert found.trained_on == (TRAINED_ON if is_ours else ())
    assert any("IT IS NOT KNOWN" in message for message in caplog.messages) is not is_ours
    falls = found.falls([labelled / "MEL_3.jpg"])
    assert falls is not None
    assert falls.isnan().any().item() is not is_ours


def test_a_url_is_asked_and_its_checkpoint_believed(trained: Path, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/predictions/skin_vit"

    named = subject.subject(url, tmp_path, trained, tmp_path)
    unnamed = subject.subject(url, tmp_path, None, tmp_path)

    assert (named.trained_on, unnamed.trained_on) == (TRAINED_ON, ())
    assert unnamed.checkpoint_sha256 == ""
    assert named.falls([tmp_path]) is None


def test_a_registered_model_brings_the_names_it_was_trained_on(
    trained: Path, its_export: tuple[Path, Path], labelled: Path, tmp_path: Path
) -> None:
    model, config = its_export
    files = {"--model": model, "--config": config, "--checkpoint": trained}
    register_model.main([word for flag, file in files.items() for word in (flag, str(file))])

    found = subject.subject("models:/skin_vit@candidate", tmp_path, None, tmp_path / "here")

    assert found.trained_on == TRAINED_ON
    assert found.checkpoint_sha256 == hashlib.sha256(trained.read_bytes()).hexdigest()
    assert np.isfinite(found.predict([labelled / "MEL_4.jpg"])).all()
