"""A candidate becomes champion: registered, measured, served by both real backends, crowned."""

import logging
from pathlib import Path

import pytest

from registry.versions import addressed, with_alias
from tests import tiny
from train.data.generated import generate
from train.promote import main
from train.register_model import main as register


@pytest.mark.long
def test_the_first_candidate_becomes_champion_by_parity_alone(
    exported: tiny.Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    files = ["--model", exported.model, "--config", exported.config]
    assert register([str(one) for one in [*files, "--checkpoint", exported.checkpoint]]) == 0

    status = main(["--data", str(generate(tmp_path / "data", seed=0))])

    assert status == 0
    assert with_alias(uri, "skin_vit", "champion") == addressed(uri, "models:/skin_vit/1")
