"""What is registered is there again after a restart, or it is told why not."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from serve.dialect import property_file
from serve.dialect.properties import ServerConfig
from serve.models.snapshot import (
    Snapshot,
    SnapshotError,
    VersionState,
    of_property,
    parse,
    read,
    write,
)

FIRST = VersionState(
    default_version=True,
    mar_name="spots.mar",
    min_workers=1,
    max_workers=2,
    batch_size=8,
    max_batch_delay_ms=5,
    response_timeout_s=60,
    startup_timeout_s=90,
)
SECOND = replace(
    FIRST,
    default_version=False,
    mar_name="spots2.mar",
    weight=0.25,
    shadow=True,
    handler="image_classifier",
    content="0123abcd",
)
SNAPSHOT = Snapshot(models={"spots": {"1.0": FIRST, "2.0": SECOND}})

# As TorchServe 0.12.0 wrote it, by registering a model and a second version of it by JSON.
TORCHSERVES = r"""#Saving snapshot
#Wed Nov 25 04:20:09 UTC 2026
enable_model_api=true
inference_address=http\://127.0.0.1\:18180
load_models=toy.mar
model_snapshot={\n  "name"\: "20261125042009823-snapshot.cfg",\n  "modelCount"\: 2,\n  "created"\: 1795580409824,\n  "models"\: {\n    "toy"\: {\n      "1.0"\: {\n        "defaultVersion"\: false,\n        "marName"\: "toy.mar",\n        "minWorkers"\: 1,\n        "maxWorkers"\: 2,\n        "batchSize"\: 3,\n        "maxBatchDelay"\: 50,\n        "responseTimeout"\: 120,\n        "startupTimeout"\: 120,\n        "runtimeType"\: "python"\n      },\n      "2.0"\: {\n        "defaultVersion"\: true,\n        "marName"\: "toy2.mar",\n        "minWorkers"\: 0,\n        "maxWorkers"\: 0,\n        "batchSize"\: 1,\n        "maxBatchDelay"\: -10000,\n        "responseTimeout"\: 120,\n        "startupTimeout"\: 120,\n        "runtimeType"\: "python"\n      }\n    }\n  }\n}
model_store=../store
tsConfigFile=../c.properties
version=0.12.0
"""  # noqa: E501


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "config" / "now-snapshot.cfg"

    write(file, SNAPSHOT)

    assert read(file) == SNAPSHOT
    assert list(file.parent.iterdir()) == [file]


def test_any_name_is_written_and_read_again(tmp_path: Path) -> None:
    dice = random.Random(1)
    for _ in range(100):
        name = "".join(dice.choices("ab \"\\=:#!\n\té€😀{}'", k=10))
        snapshot = Snapshot(models={name: {name: replace(FIRST, mar_name=name)}})

        write(tmp_path / "snapshot.cfg", snapshot)

        assert read(tmp_path / "snapshot.cfg") == snapshot


def test_torchserve_would_find_its_own_keys(tmp_path: Path) -> None:
    file = tmp_path / "now-snapshot.cfg"

    write(file, SNAPSHOT)

    state = json.loads(property_file.read(file)["model_snapshot"].value)
    assert list(state) == ["name", "modelCount", "created", "models"]
    assert (state["name"], state["modelCount"]) == ("now-snapshot.cfg", 2)
    assert state["models"]["spots"]["1.0"] == {
        "defaultVersion": True,
        "marName": "spots.mar",
        "minWorkers": 1,
        "maxWorkers": 2,
        "batchSize": 8,
        "maxBatchDelay": 5,
        "responseTimeout": 60,
        "startupTimeout": 90,
        "runtimeType": "python",
    }
    assert state["models"]["spots"]["2.0"].keys() - state["models"]["spots"]["1.0"].keys() == {
        "weight",
        "shadow",
        "handler",
        "content",
    }


def test_torchserves_own_snapshot_is_read(tmp_path: Path) -> None:
    file = tmp_path / "20261125042009823-snapshot.cfg"
    file.write_text(TORCHSERVES)

    snapshot = read(file)

    toy = VersionState(
        default_version=False,
        mar_name="toy.mar",
        min_workers=1,
        max_workers=2,
        batch_size=3,
        max_batch_delay_ms=50,
        response_timeout_s=120,
        startup_timeout_s=120,
    )
    second = replace(
        toy,
        default_version=True,
        mar_name="toy2.mar",
        min_workers=0,
        max_workers=0,
        batch_size=1,
        max_batch_delay_ms=0,
    )
    assert snapshot == Snapshot(models={"toy": {"1.0": toy, "2.0": second}})


def test_the_servers_settings_hand_it_on(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.cfg"
    write(file, SNAPSHOT)

    config = ServerConfig.read(file, {})

    assert config.model_snapshot is not None
    assert parse(config.model_snapshot) == SNAPSHOT


def test_times_that_an_older_torchserve_did_not_write_are_its_defaults() -> None:
    text = """{"models": {"spots": {"1.0": {"defaultVersion": true, "marName": "spots.mar",
        "minWorkers": 1, "maxWorkers": 1, "batchSize": 4, "maxBatchDelay": 100}}}}"""

    state = of_property(text).models["spots"]["1.0"]

    assert (state.batch_size, state.response_timeout_s, state.startup_timeout_s) == (4, 120, 120)


def test_nothing_registered_is_a_snapshot_too(tmp_path: Path) -> None:
    write(tmp_path / "snapshot.cfg", Snapshot(models={}))

    assert read(tmp_path / "snapshot.cfg") == Snapshot(models={})


def test_a_snapshot_that_can_not_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.cfg"
    write(file, SNAPSHOT)
    before = file.read_bytes()
    unwritable = Snapshot(models={"spots": {"1.0": replace(FIRST, weight=1j)}})  # type: ignore[arg-type]

    with pytest.raises(TypeError):
        write(file, unwritable)

    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_can_not_be_written_to_is_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.cfg"
    file.mkdir()

    with pytest.raises(IsADirectoryError):
        write(file, SNAPSHOT)

    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((r'"minWorkers"\\: 1', r'"minWorkers"\\: -1'), "minWorkers of version 1.0 of spots"),
        ((r'"minWorkers"\\: 1', r'"minWorkers"\\: 3'), "maxWorkers of version 1.0 of spots"),
        ((r'"minWorkers"\\: 1,', ""), "minWorkers of version 1.0 of spots must be a whole number"),
        ((r'"batchSize"\\: 8', r'"batchSize"\\: "8"'), "not '8'"),
        ((r'"batchSize"\\: 8', r'"batchSize"\\: true'), "not True"),
        ((r'"marName"\\: "spots.mar"', r'"marName"\\: ""'), "marName of version 1.0 of spots"),
        ((r'"defaultVersion"\\: true', r'"defaultVersion"\\: 1'), "must be true or false"),
        ((r'"defaultVersion"\\: true', r'"defaultVersion"\\: false'), "0 default versions"),
        ((r'"defaultVersion"\\: false', r'"defaultVersion"\\: true'), "2 default versions"),
        ((r'"weight"\\: 0.25', r'"weight"\\: 25'), "a number from 0 to 1, not 25"),
        ((r'"weight"\\: 0.25', r'"weight"\\: NaN'), "a number from 0 to 1, not nan"),
        ((r'"models"\\: {', r'"model"\\: {'), "models must be a JSON object, not None"),
        (("model_snapshot=.*", "model_snapshot=[]"), "the snapshot must be a JSON object"),
        (("model_snapshot=.*", "model_snapshot=" + "[" * 100_000), "can't be restored"),
        (("model_snapshot=", "snapshot="), "it has no model_snapshot"),
        (("model_snapshot={", r"model_snapshot=\\u00{"), "line 1"),
        (("(?s)^.*$", ""), "it has no model_snapshot"),
    ],
)
def test_a_damaged_snapshot_is_told_and_left_alone(
    change: tuple[str, str], sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "now-snapshot.cfg"
    write(file, SNAPSHOT)
    damaged = re.sub(change[0].replace("{", r"\{"), change[1], file.read_text(), count=1)
    assert damaged != file.read_text()
    file.write_text(damaged)

    with pytest.raises(SnapshotError) as caught:
        read(file)

    assert sentence in str(caught.value)
    assert str(file) in str(caught.value)
    assert "mend it, or move it away" in str(caught.value)
    assert file.read_text() == damaged


def test_a_snapshot_cut_short_anywhere_is_told(tmp_path: Path) -> None:
    file = tmp_path / "now-snapshot.cfg"
    write(file, SNAPSHOT)
    whole = file.read_text().rstrip("\n")
    for length in range(0, len(whole), 7):
        file.write_text(whole[:length])

        with pytest.raises(SnapshotError):
            read(file)


def test_a_snapshot_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="No such file"):
        read(tmp_path / "no.cfg")
