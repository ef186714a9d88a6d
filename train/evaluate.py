"""Measure a model on images it has not seen: python -m train.evaluate --help."""

import argparse
import hashlib
import json
import logging
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from handlers.categories import CODES
from handlers.errors import UnusableModel
from registry.address import RegistryError
from train.data.layouts import DataError
from train.data.unseen import Images, is_the_validation, unseen
from train.evaluation.card import card
from train.evaluation.inputs import MeasureError
from train.evaluation.logged import STORE, log_evaluation
from train.evaluation.measures import measure
from train.evaluation.predictions import PredictionError
from train.evaluation.report import report
from train.evaluation.subject import DEFAULT_CHECKPOINT, Subject, SubjectError, subject
from train.evaluation.submission import write
from train.models import InitError
from train.origin import ROOT, commit
from train.pth_to_pt import ExportError

log = logging.getLogger(__name__)

ERRORS = (
    DataError,
    ExportError,
    InitError,
    MeasureError,
    PredictionError,
    RegistryError,
    SubjectError,
    UnusableModel,
)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """`metrics` is what metrics.json holds; the rest is of the images that were counted."""

    metrics: dict[str, Any]
    images: pd.Series
    labels: np.ndarray
    probabilities: np.ndarray


def evaluate(measured: Subject, model: str, data: Path) -> Evaluation:
    """Raises DataError if no image may be counted, PredictionError if none is answered."""
    found = unseen(Images.of(data), measured.trained_on)
    probabilities = measured.predict([Path(path) for path in found.table["path"]])
    answered = np.isfinite(probabilities).all(axis=1)
    if not answered.any():
        raise PredictionError(f"None of the {len(found.table)} images was answered.")
    if not answered.all():
        log.warning("%d images were refused and are left out", int((~answered).sum()))
    table = found.table.loc[answered].reset_index(drop=True)
    probabilities = probabilities[answered]
    labels = table["code"].map(CODES.index).to_numpy(dtype=int)
    is_validation = is_the_validation(table["image"], measured.trained_on, measured.training)
    facts = {
        "model": model,
        "checkpoint_sha256": measured.checkpoint_sha256,
        "data": str(data),
        "images_sha256": hashlib.sha256("\n".join(sorted(table["image"])).encode()).hexdigest(),
        "commit": commit(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "is_training_runs_validation": is_validation,
        # Checkpoints from before that could be told kept the best epoch.
        "chose_epoch": is_validation and measured.training.get("keep", "best") == "best",
        "left_out": {
            "of": found.given,
            "training_images_known": len(measured.trained_on),
            "trained_on": found.trained_on,
            "siblings": found.siblings,
            "unreadable": list(found.unreadable),
            "refused": found.table.loc[~answered, "image"].tolist(),
        },
    }
    explained = measured.faithfulness([Path(path) for path in table["path"]])
    return Evaluation(
        metrics=measure(labels, probabilities, table)
        | {"faithfulness": explained, "doubt": measured.doubt, "measured": facts},
        images=table["image"],
        labels=labels,
        probabilities=probabilities,
    )


def write_files(done: Evaluation, training: dict[str, Any], out: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "metrics.json": json.dumps(done.metrics, indent=2, allow_nan=False) + "\n",
        "report.html": report(done.metrics, done.labels, done.probabilities),
        "model_card.md": card(training, done.metrics),
    }
    for name, text in texts.items():
        (out / name).write_text(text)
    write(out / "predictions.csv", done.images, done.probabilities)
    return [out / name for name in (*texts, "predictions.csv")]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=__doc__)
    parser.add_argument(
        "--model",
        default=str(DEFAULT_CHECKPOINT),
        help="a checkpoint (.pth), an exported model (.pt), models:/skin_vit@champion, or a URL as"
        " http://127.0.0.1:8080/predictions/skin_vit (model_store/best_model.pth)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="a folder as train.run takes; images the model was trained on, with all of their"
        " lesions and near-duplicates, are left out",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="what a model that is no checkpoint was exported from: it says what that was trained"
        " on (model_store/best_model.pth where it is that)",
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=ROOT / "mar_config" / "skin_lesion_model_config.json",
        help="the model config of an exported model (mar_config/skin_lesion_model_config.json)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=STORE / "evaluation" / time.strftime("%Y%m%d-%H%M%S"),
        help="folder for metrics.json, report.html, predictions.csv and model_card.md"
        " (model_store/evaluation/<time>)",
    )
    given = parser.parse_args(arguments)
    if given.model.endswith(".pth") and given.checkpoint is not None:
        parser.error("--checkpoint is for a --model that is no checkpoint itself")
    return given


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    given = parse(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            measured = subject(given.model, given.config, given.checkpoint, Path(folder))
            done = evaluate(measured, given.model, given.data)
    except ERRORS as error:
        log.error("%s", error)
        return 2
    files = write_files(done, measured.training, given.out)
    log_evaluation(done.metrics, files, given.out)
    score = done.metrics["balanced_accuracy"]
    log.info(
        "balanced accuracy %.3f (95 %% interval %.3f to %.3f) on %d images of %d lesions: %s",
        score["value"],
        score["low"],
        score["high"],
        done.metrics["images"],
        done.metrics["lesions"],
        given.out / "report.html",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
