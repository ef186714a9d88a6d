"""The archive holds all that a prediction needs, and nothing in it asks for a platform."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from handlers.answer import Prediction
from handlers.classifier import LesionClassifier
from handlers.request import Request
from mar_config import build as build_module
from mar_config.build import ROOT, build, main
from tests.images import encoded, lesion
from tests.tiny import Exported

JPEG = encoded(lesion(), "JPEG")
PLATFORMS = {"mlflow", "ray", "registry", "serve", "streamlit", "timm", "train"}

# Run in a folder with an unpacked archive.
PREDICT = """
import json, sys
from pathlib import Path

here = Path.cwd()
sys.path.insert(0, str(here))
from handlers import classifier
from handlers.request import Request

lesions = classifier.LesionClassifier.load(
    here / "skin_vit.pt", here / "skin_lesion_model_config.json"
)
prediction = lesions.predict([lesions.preprocess(Request(body=sys.stdin.buffer.read()))])[0]
modules = {name.split(".")[0] for name in sys.modules}
print(json.dumps([classifier.__file__, sorted(modules), prediction]))
"""

# What TorchServe's worker does, in its own words, with no frontend in front of it.
LOAD = """
import json, os, sys
from ts.context import RequestProcessor
from ts.model_loader import ModelLoaderFactory

service = ModelLoaderFactory.get_model_loader().load(
    "skin_vit", os.getcwd(), "skin_lesion_handler.py", batch_size=1
)
from handlers import classifier

service.context.request_processor = [RequestProcessor({})]
answers = service._entry_point([{"body": sys.stdin.buffer.read()}], service.context)
print(json.dumps([classifier.__file__, answers[0]]))
"""


@pytest.fixture
def unpacked(exported: Exported, tmp_path: Path) -> Path:
    ZipFile(exported.archive).extractall(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def expected(exported: Exported) -> Prediction:
    classifier = LesionClassifier.load(exported.model, exported.config)
    return classifier.predict([classifier.preprocess(Request(body=JPEG))])[0]


def printed(command: list[str], folder: Path, environment: dict[str, str]) -> list[Any]:
    """The JSON list that a program says last."""
    said = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        input=JPEG,
        capture_output=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr.decode()
    return list(json.loads(said.stdout.splitlines()[-1]))


def assert_alike(one: Prediction, other: Prediction) -> None:
    assert one["model"] == other["model"]
    assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)


def test_the_archive_holds_the_core_as_a_package(exported: Exported) -> None:
    core = {f"handlers/{file.name}" for file in (ROOT / "handlers").glob("*.py")}

    with ZipFile(exported.archive) as archive:
        names = set(archive.namelist())

    assert names == core | {
        "MAR-INF/MANIFEST.json",
        "model-config.yaml",
        "skin_lesion_handler.py",
        "skin_lesion_model_config.json",
        "skin_vit.pt",
    }


def test_the_manifest_has_the_model_configs_name_and_version(
    exported: Exported, unpacked: Path, expected: Prediction
) -> None:
    manifest = json.loads((unpacked / "MAR-INF" / "MANIFEST.json").read_text())

    named = {"name": manifest["model"]["modelName"], "version": manifest["model"]["modelVersion"]}
    assert named == expected["model"]
    assert manifest["model"]["configFile"] == "model-config.yaml"
    assert (unpacked / "skin_vit.pt").read_bytes() == exported.model.read_bytes()


def test_packing_leaves_what_is_in_the_temporary_folder(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = tmp_path / "skin_vit" / "mine"
    mine.parent.mkdir()
    mine.touch()

    build(exported.model, exported.config, tmp_path / "store")

    assert mine.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["skin_vit", "store"]


def test_the_core_in_the_archive_predicts_alone(unpacked: Path, expected: Prediction) -> None:
    # -I: neither this folder's packages nor PYTHONPATH's can stand in for what is missing.
    core, modules, prediction = printed(["-I", "-c", PREDICT], unpacked, dict(os.environ))

    assert core == str(unpacked / "handlers" / "classifier.py")
    assert PLATFORMS.isdisjoint(modules)
    assert_alike(prediction, expected)


def test_torchserves_loader_takes_the_archive(unpacked: Path, expected: Prediction) -> None:
    # TorchServe's frontend puts the unpacked archive there; ours comes after, as if installed.
    environment = {**os.environ, "PYTHONPATH": f"{unpacked}:{ROOT}"}

    core, answer = printed(["-c", LOAD], unpacked, environment)

    assert core == str(unpacked / "handlers" / "classifier.py")
    assert_alike(answer, expected)


def test_torchserves_loader_takes_what_the_plain_archiver_makes(
    exported: Exported, tmp_path: Path, expected: Prediction
) -> None:
    archiver = Path(sys.executable).with_name("torch-model-archiver")
    command = f"""{archiver} --model-name skin_vit --version 1.0 --force
        --serialized-file {exported.model} --handler handlers/skin_lesion_handler.py
        --extra-files {exported.config} --export-path {tmp_path}"""
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}

    # It packs there, and another test may be packing too.
    apart = {**os.environ, "TMPDIR": str(exported.archive.parent)}
    subprocess.run(command.split(), cwd=ROOT, env=apart, check=True, capture_output=True)
    ZipFile(tmp_path / "skin_vit.mar").extractall(tmp_path)
    core, answer = printed(["-c", LOAD], tmp_path, environment)

    assert core == str(ROOT / "handlers" / "classifier.py")
    assert_alike(answer, expected)


def test_a_build_that_is_ended_leaves_the_archive_of_before(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(config: Any) -> None:  # noqa: ANN401  # the archiver's
        Path(config.export_path, "skin_vit.mar").write_bytes(b"half")
        raise KeyboardInterrupt

    before = build(exported.model, exported.config, tmp_path).read_bytes()
    monkeypatch.setattr(build_module, "generate_model_archive", begun)

    with pytest.raises(KeyboardInterrupt):
        build(exported.model, exported.config, tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["skin_vit.mar"]
    assert (tmp_path / "skin_vit.mar").read_bytes() == before


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "skin_vit"}'])
def test_a_config_that_is_none_is_a_sentence(
    exported: Exported, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    config = tmp_path / "config.json"
    config.write_text(text)

    status = main(
        ["--model", str(exported.model), "--config", str(config), "--export-path", str(tmp_path)]
    )

    assert status == 2
    assert caplog.messages == [
        f"{config} is no model config: export the checkpoint again (train.pth_to_pt)."
    ]


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_place_that_is_no_folder_is_a_sentence(
    exported: Exported, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / name

    files = ["--model", str(exported.model), "--config", str(exported.config)]

    status = main([*files, "--export-path", str(place)])

    assert status == 2
    assert "--export-path must be a folder that can be written to" in caplog.messages[-1]
    assert str(place) in caplog.messages[-1]
