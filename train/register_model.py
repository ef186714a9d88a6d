"""Model and its evidence -> MLflow registry: python -m train.register_model --help."""

import argparse
import hashlib
import io
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from handlers.classifier import LesionClassifier
from handlers.errors import UnusableModel
from registry.address import RegistryError, tracking_uri
from registry.champion import ALIAS, CANDIDATE, CHAMPION
from registry.versions import Evidence, Version, give_alias, register
from train import checkpoint
from train.checkpoint import Checkpoint
from train.data.generated import LOOKS, draw
from train.evaluation.card import can_be_told, card
from train.models import InitError
from train.origin import ROOT
from train.registered import COLUMN, CONFIG_NAME, MODEL_NAME, RegisteredClassifier

log = logging.getLogger(__name__)

METRICS = "metrics.json"
CARD = "model_card.md"
TRAINED_ON = "trained_on.txt"
NO_EVALUATION = "{file} is no evaluation, or an old one: make it again (train.evaluate)."
CODE = [ROOT / "handlers", ROOT / "train" / "registered.py"]


class EvidenceError(Exception):
    """Evidence that is absent or another model's; the text says what to name instead."""


def register_model(
    uri: str, model: Path, config: Path, trained: Path, evaluation: Path | None
) -> Version:
    """A new version; raises if the files do not belong together, before anything is stored."""
    classifier = LesionClassifier.load(model, config)
    sha256 = classifier.config.checkpoint_sha256
    source = checkpoint.read(trained)
    if hashlib.sha256(trained.read_bytes()).hexdigest() != sha256:
        raise EvidenceError(
            f"{model} was not exported from {trained}: name its own with --checkpoint, or export"
            " this one (python -m train.pth_to_pt)."
        )
    metrics = read_metrics(evaluation, sha256)
    doubt = None if source.fitted is None else source.fitted.told()
    evidence = Evidence(
        card=card(source.training, metrics, source.trained_on, doubt),
        tags={"checkpoint_sha256": sha256, **tags_of(source, metrics)},
    )
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        shutil.copy(model, files / MODEL_NAME)
        shutil.copy(config, files / CONFIG_NAME)
        (files / CARD).write_text(evidence.card)
        (files / METRICS).write_text(json.dumps(metrics, indent=2) + "\n")
        (files / TRAINED_ON).write_text("".join(f"{image}\n" for image in source.trained_on))
        example = pd.DataFrame({COLUMN: [lesion_jpeg()]})
        answers = RegisteredClassifier(classifier).predict(example)
        return register(uri, files, CODE, example, answers, evidence)


def read_metrics(evaluation: Path | None, sha256: str) -> dict[str, Any]:
    """Nothing where there was no evaluation; raises EvidenceError for what is none of this one."""
    if evaluation is None:
        return {}
    file = evaluation / METRICS
    try:
        values: dict[str, Any] = json.loads(file.read_text())
        measured = values["measured"]["checkpoint_sha256"]
        whole = can_be_told(values)
    except OSError as error:
        raise EvidenceError(
            f"There is no {file}: name the folder that train.evaluate wrote, or evaluate first."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(NO_EVALUATION.format(file=file)) from error
    if measured != sha256:
        raise EvidenceError(f"{file} is another model's: evaluate this one (train.evaluate).")
    if not whole:
        raise EvidenceError(NO_EVALUATION.format(file=file))
    return values


def tags_of(source: Checkpoint, metrics: dict[str, Any]) -> dict[str, str]:
    """What the checkpoint says of its training, the split's hash too, and what was measured."""
    tags = {name: str(value) for name, value in source.training.items()}
    if metrics:
        tags["evaluation_images"] = str(metrics["images"])
        for name, value in metrics["balanced_accuracy"].items():
            tags[f"evaluation_balanced_accuracy_{name}"] = str(value)
    return tags


def lesion_jpeg() -> bytes:
    """A generated lesion as the file a user would send."""
    buffer = io.BytesIO()
    draw(LOOKS["NV"], np.random.default_rng(0)).save(buffer, "JPEG")
    return buffer.getvalue()


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    store = ROOT / "model_store"
    parser = argparse.ArgumentParser(prog="python -m train.register_model", description=__doc__)
    parser.add_argument(
        "--model",
        type=Path,
        default=store / MODEL_NAME,
        help=f"the exported model (model_store/{MODEL_NAME})",
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=ROOT / "mar_config" / CONFIG_NAME,
        help=f"its config (mar_config/{CONFIG_NAME})",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=store / "best_model.pth",
        help="what it was exported from (model_store/best_model.pth)",
    )
    parser.add_argument("--evaluation", type=Path, help="a folder that train.evaluate wrote")
    parser.add_argument("--alias", default=CANDIDATE, help="a name for this version (candidate)")
    given = parser.parse_args(arguments)
    if given.alias == CHAMPION:
        parser.error("a champion is made by python -m train.promote, not by name")
    # Before anything is stored, not by MLflow afterwards.
    if not ALIAS.fullmatch(given.alias):
        parser.error("an alias is letters, digits, _ and -, and neither latest nor v and a number")
    try:
        uri = tracking_uri()
        version = register_model(uri, given.model, given.config, given.checkpoint, given.evaluation)
        give_alias(uri, version, given.alias)
    except (EvidenceError, InitError, RegistryError, UnusableModel) as error:
        log.error("%s", error)
        return 2
    name = version.name
    log.info("version %s is models:/%s@%s at %s", version.number, name, given.alias, uri)
    return 0


if __name__ == "__main__":
    sys.exit(main())
