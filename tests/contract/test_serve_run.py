"""`python -m serve.run` in TorchServe's place: its ports, its tokens, its snapshot."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.contract.place import Place, command, place_in, started


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_in(tmp_path_factory.mktemp("in_its_place"))


@pytest.mark.long
def test_a_torchserve_client_needs_no_change_and_what_is_registered_survives(place: Place) -> None:
    with started(place):
        assert place.ask("inference", "inference", "POST", "/predictions/acting").status_code == 200
        assert place.ask("inference", "inference", "GET", "/models").status_code == 404
        assert (
            place.ask("management", "management", "GET", "/predictions/acting").status_code == 404
        )
        assert place.ask("metrics", None, "GET", "/metrics").status_code == 200

        for port, key in (("inference", None), ("inference", "management"), ("management", "API")):
            refused = place.ask(port, key, "GET", "/ping")
            assert refused.status_code == 400
            assert refused.json()["type"] == "InvalidKeyException"

        old = place.key("inference")
        assert (
            place.ask(
                "management", "API", "GET", "/token", params={"type": "inference"}
            ).status_code
            == 200
        )
        assert place.key("inference") != old
        assert place.ask("inference", "inference", "GET", "/ping").json() == {"status": "Healthy"}

        wanted = {"url": "acting_in_batches.mar", "model_name": "acting", "initial_workers": "1"}
        assert (
            place.ask("management", "management", "POST", "/models", params=wanted).status_code
            == 200
        )
        default = place.ask("management", "management", "PUT", "/models/acting/2.0/set-default")
        assert default.status_code == 200
        kept = place.ask("management", "management", "DELETE", "/models/acting/2.0")
        assert kept.status_code == 403

    with started(place):
        answer = place.ask("inference", "inference", "POST", "/predictions/acting")
        assert answer.json()["version"] == "2.0"
        both = place.ask("management", "management", "GET", "/models/acting/all").json()
        shown = {one["modelVersion"]: (one["batchSize"], one["maxWorkers"]) for one in both}
        assert shown == {"1.0": (1, 1), "2.0": (4, 1)}


def test_a_damaged_snapshot_is_named_and_left_alone(place: Place) -> None:
    place.snapshot.parent.mkdir(parents=True, exist_ok=True)
    place.snapshot.write_text("model_snapshot={")
    words, env = command(place)

    ended = subprocess.run(
        words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert f"The snapshot {place.snapshot} can't be restored" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert place.snapshot.read_text() == "model_snapshot={"


def test_a_missing_archive_is_named(place: Place, tmp_path: Path) -> None:
    words, env = command(place)
    env |= {"SKIN_MODEL_STORE": str(tmp_path), "SKIN_LOGS": str(tmp_path)}

    ended = subprocess.run(
        words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert "Model not found at: acting.mar" in ended.stderr
    assert "python -m mar_config.build" in ended.stderr
