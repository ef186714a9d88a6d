"""What is served is what is measured: train.evaluate of either server, with its token."""

import json
from pathlib import Path

import pytest

from tests import tiny
from tests.conftest import System
from train.data.generated import generate
from train.evaluate import main


@pytest.mark.parametrize("backend", ["torchserve", "ray"])
def test_a_server_has_the_numbers_of_its_checkpoint(
    backend: str,
    system: System,
    exported: tiny.Exported,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", system.urls["mlflow"])
    data, url = generate(tmp_path / "data", seed=0), f"{system.urls[backend]}/predictions/skin_vit"
    trained = ["--checkpoint", str(exported.checkpoint), "--data", str(data)]
    keys = ["--key-file", str(system.keys[backend].path)]
    served, direct = tmp_path / "served", tmp_path / "direct"

    assert main(["--model", url, *trained, "--out", str(tmp_path / "refused")]) == 2
    assert f"{url} wants a token" in caplog.messages[-1]
    assert main(["--model", url, *keys, *trained, "--out", str(served)]) == 0
    assert main(["--model", str(exported.checkpoint), *trained[2:], "--out", str(direct)]) == 0

    found, expected = (
        json.loads((folder / "metrics.json").read_text()) for folder in (served, direct)
    )
    assert found["images"] == expected["images"]
    assert found["confusion"] == expected["confusion"]
    assert found["calibration"]["ece"] == pytest.approx(expected["calibration"]["ece"], abs=1e-6)
