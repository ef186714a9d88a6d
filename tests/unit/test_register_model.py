"""Registering: the model with its signature, example, card and what it was trained on."""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_type_hints
from zipfile import ZipFile

import mlflow
import pytest

from handlers.answer import Prediction
from handlers.classifier import LesionClassifier
from handlers.request import Request
from mar_config import build
from registry.download import fetched
from registry.versions import Version, addressed, described, with_alias
from tests import tiny
from tests.images import lesion
from tests.unit.carded import item
from train.data.unseen import Images
from train.evaluation.evaluation import evaluate
from train.evaluation.parts import alone
from train.evaluation.subject import subject
from train.register_model import CARD, METRICS, TRAINED_ON, lesion_jpeg, main

TRAINING: dict[str, str | int | float] = {
    "command": "python -m train.run",
    "split_sha256": "c0ffee",
    "balanced_accuracy": 0.625,
}
TRAINED = ("ISIC_1", "ISIC_2")


@dataclass(frozen=True, kw_only=True)
class Registered:
    uri: str
    exported: tiny.Exported
    arguments: list[str]
    files: Path
    version: Version


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registered]:
    """Registered once, in a registry of its own."""
    folder = tmp_path_factory.mktemp("registered")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    file = folder / "best_model.pth"
    file.write_bytes(replace(tiny.checkpoint(), training=TRAINING, trained_on=TRAINED).as_bytes())
    exported = tiny.export(folder, file)
    uri = f"sqlite:///{folder}/mlflow.db"
    arguments = ["--model", exported.model, "--config", exported.config, "--checkpoint", file]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_TRACKING_URI", uri)
        assert main([str(word) for word in arguments]) == 0
        version = addressed(uri, "models:/skin_vit@candidate")
        yield Registered(
            uri=uri,
            exported=exported,
            arguments=[str(word) for word in arguments],
            files=fetched(uri, version, folder / "here"),
            version=version,
        )


@pytest.fixture
def evaluation(registered: Registered, tmp_path: Path) -> Path:
    """metrics.json as train.evaluate writes it, of six drawings."""
    exported = registered.exported
    for code in ("MEL", "NV", "BCC"):
        folder = tmp_path / "Train" / code
        folder.mkdir(parents=True)
        for seed in range(2):
            lesion(seed, code).save(folder / f"{code}-{seed}.png")
    measured = subject(str(exported.model), exported.config, exported.checkpoint, tmp_path)
    images = Images.of(tmp_path)
    metrics = evaluate(alone(measured, images), str(exported.model), images).metrics
    (tmp_path / METRICS).write_text(json.dumps(metrics))
    return tmp_path


def stored(registered: Registered) -> mlflow.entities.model_registry.ModelVersion:
    number = registered.version.number
    return mlflow.MlflowClient(registered.uri).get_model_version("skin_vit", number)


def versions(registered: Registered) -> int:
    return len(mlflow.MlflowClient(registered.uri).search_model_versions())


def test_it_is_the_candidate_and_not_the_champion(registered: Registered) -> None:
    assert with_alias(registered.uri, "skin_vit", "candidate") == registered.version
    assert with_alias(registered.uri, "skin_vit", "champion") is None


def test_loaded_by_mlflow_it_predicts_its_own_example_as_the_core_does(
    registered: Registered,
) -> None:
    classifier = LesionClassifier.load(registered.exported.model, registered.exported.config)

    loaded = mlflow.pyfunc.load_model(registered.version.source)
    answers = loaded.predict(loaded.input_example)

    [body] = loaded.input_example["image"]
    assert body.startswith(b"\xff\xd8")
    assert answers == classifier.predict([classifier.preprocess(Request(body=body))])


def test_its_signature_is_images_in_and_predictions_out(registered: Registered) -> None:
    signature = mlflow.models.get_model_info(registered.version.source).signature

    assert signature.inputs.to_dict() == [{"type": "binary", "name": "image", "required": True}]
    assert signature.outputs.input_names() == list(get_type_hints(Prediction))
    assert signature.outputs.required_input_names() == signature.outputs.input_names()


# As registering does.
@pytest.mark.filterwarnings("ignore:Hint. Inferred schema contains integer")
def test_what_was_not_fitted_is_optional_in_its_signature(registered: Registered) -> None:
    classifier = LesionClassifier.load(registered.exported.model, registered.exported.config)
    bare = replace(classifier.config, unknown=None, prediction_set=None, referral=())
    answers = LesionClassifier(classifier.model, bare, "cpu").classify([lesion_jpeg()])

    outputs = mlflow.models.infer_signature(model_output=answers).outputs

    assert set(outputs.optional_input_names()) == {"unknown", "prediction_set", "referral"}


def test_its_card_is_its_description(registered: Registered) -> None:
    card = (registered.files / CARD).read_text()

    assert card.startswith("# ")
    assert "Not evaluated" in card
    assert stored(registered).description == card


def test_what_was_fitted_is_in_its_card_without_an_evaluation(registered: Registered) -> None:
    card = (registered.files / CARD).read_text()

    assert "Temperature 2.000" in item(card, "Calibration")
    assert "| LAC | 1.50 |" in item(card, "Prediction sets")
    assert "| melanoma | MEL | 0.100 | 0.950 | 0.600 |" in item(card, "Referral")
    assert "Mahalanobis' distance" in item(card, "Out-of-distribution images")


def test_a_long_card_is_cut_where_a_line_ends() -> None:
    card = "# Model card\n\n" + "A line of twenty-four.\n" * 500

    description = described(card)

    assert 4_900 < len(description) <= 5_000
    told, rest = description.rsplit("\n\n", 1)
    assert card.startswith(f"{told}\n")
    assert rest == "The rest is in the model card among this version's files."


def test_its_tags_say_what_it_comes_from(registered: Registered) -> None:
    sha256 = hashlib.sha256(registered.exported.checkpoint.read_bytes()).hexdigest()

    assert stored(registered).tags == {
        "checkpoint_sha256": sha256,
        "command": "python -m train.run",
        "split_sha256": "c0ffee",
        "balanced_accuracy": "0.625",
    }


def test_an_evaluation_is_in_its_tags_and_its_card(
    registered: Registered, evaluation: Path
) -> None:
    measured = json.loads((evaluation / METRICS).read_text())["balanced_accuracy"]["value"]

    status = main([*registered.arguments, "--evaluation", str(evaluation), "--alias", "evaluated"])

    version = with_alias(registered.uri, "skin_vit", "evaluated")
    assert status == 0
    assert version is not None
    seen = mlflow.MlflowClient(registered.uri).get_model_version("skin_vit", version.number)
    assert seen.tags["evaluation_images"] == "6"
    assert seen.tags["evaluation_balanced_accuracy_value"] == str(measured)
    assert "Not evaluated" not in str(seen.description)


def test_it_keeps_what_it_was_trained_on(registered: Registered) -> None:
    assert (registered.files / TRAINED_ON).read_text().splitlines() == list(TRAINED)


def test_it_can_be_packed(registered: Registered, tmp_path: Path) -> None:
    status = build.main(["--model", "models:/skin_vit@candidate", "--export-path", str(tmp_path)])

    assert status == 0
    with ZipFile(tmp_path / "skin_vit.mar") as archive:
        assert archive.read("skin_vit.pt") == registered.exported.model.read_bytes()


def test_what_is_not_registered_is_not_packed(
    registered: Registered, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    status = build.main(["--model", "models:/skin_vit@champion", "--export-path", str(tmp_path)])

    assert status == 2
    assert "No version of skin_vit" in caplog.text
    assert not (tmp_path / "skin_vit.mar").exists()


def test_another_models_checkpoint_is_refused(
    registered: Registered, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(tiny.checkpoint(seed=1).as_bytes())
    before = versions(registered)

    status = main([*registered.arguments, "--checkpoint", str(other)])

    assert status == 2
    assert f"was not exported from {other}" in caplog.text
    assert versions(registered) == before


def test_another_models_evaluation_is_refused(
    registered: Registered, evaluation: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = evaluation / METRICS
    file.write_text(json.dumps({"measured": {"checkpoint_sha256": "another"}}))
    before = versions(registered)

    status = main([*registered.arguments, "--evaluation", str(evaluation)])

    assert status == 2
    assert f"{file} is another model's" in caplog.text
    assert versions(registered) == before


@pytest.mark.parametrize("left_out", [{}, []], ids=["older", "damaged"])
def test_an_evaluation_that_lacks_something_is_refused(
    registered: Registered, evaluation: Path, caplog: pytest.LogCaptureFixture, left_out: object
) -> None:
    file = evaluation / METRICS
    metrics = json.loads(file.read_text())
    metrics["measured"]["left_out"] = left_out
    file.write_text(json.dumps(metrics))

    assert main([*registered.arguments, "--evaluation", str(evaluation)]) == 2
    assert f"{file} is no evaluation, or an old one: make it again" in caplog.text


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "evaluate first"), ("{", "no evaluation"), ("[]", "no evaluation"), ("{}", "no eval")],
)
def test_an_evaluation_that_is_none_is_refused(
    registered: Registered,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    content: str | None,
    said: str,
) -> None:
    if content is not None:
        (tmp_path / METRICS).write_text(content)

    status = main([*registered.arguments, "--evaluation", str(tmp_path)])

    assert status == 2
    assert said in caplog.text


def test_the_file_in_place_of_its_folder_is_refused(
    registered: Registered, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / METRICS
    file.write_text("{}")

    assert main([*registered.arguments, "--evaluation", str(file)]) == 2
    assert "name the folder that train.evaluate wrote" in caplog.text


def test_champion_is_no_alias_to_register_under(
    registered: Registered, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*registered.arguments, "--alias", "champion"])

    assert "train.promote" in capsys.readouterr().err


@pytest.mark.parametrize("alias", ["latest", "v2", "a/b", ""])
def test_an_alias_that_mlflow_refuses_is_refused_before_anything_is_stored(
    registered: Registered, capsys: pytest.CaptureFixture[str], alias: str
) -> None:
    before = versions(registered)

    with pytest.raises(SystemExit, match="2"):
        main([*registered.arguments, "--alias", alias])

    assert "an alias is letters, digits, _ and -" in capsys.readouterr().err
    assert versions(registered) == before
