"""Measure a model on images it has not seen: python -m train.evaluate --help."""

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from handlers.errors import UnusableModel
from registry.address import RegistryError
from registry.download import is_registered
from train.data.layouts import DataError
from train.data.unseen import Images
from train.evaluation.evaluation import evaluate, write_files
from train.evaluation.inputs import MeasureError
from train.evaluation.logged import STORE, log_evaluation
from train.evaluation.parts import alone, with_folds
from train.evaluation.predictions import PredictionError
from train.evaluation.subject import DEFAULT_CHECKPOINT, SubjectError, is_url, subject
from train.models import InitError
from train.origin import ROOT
from train.pth_to_pt import ExportError
from train.writable import OutError, writable

log = logging.getLogger(__name__)

ERRORS = (
    DataError,
    ExportError,
    InitError,
    MeasureError,
    OutError,
    PredictionError,
    RegistryError,
    SubjectError,
    UnusableModel,
)


CONFIG = ROOT / "mar_config" / "skin_lesion_model_config.json"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=__doc__)
    parser.add_argument(
        "--model",
        default=str(DEFAULT_CHECKPOINT),
        help="a checkpoint (.pth), an exported model (.pt), models:/skin_vit@champion, or a URL as"
        " http://127.0.0.1:8080/predictions/skin_vit (model_store/best_model.pth)",
    )
    parser.add_argument(
        "--key-file",
        type=Path,
        help="of a URL whose server wants a token: the key_file.json it wrote when it started",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="a folder as train.run takes; images the model was trained on, with all of their"
        " lesions and near-duplicates, are left out",
    )
    parser.add_argument(
        "--folds",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="checkpoints trained by the command of --model, a checkpoint, with another --fold or"
        " --hold-out: they answer for the images that it was trained on",
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
    if given.config is not None and not is_exported(given.model):
        parser.error("--config is for a --model that is an exported file (.pt)")
    if given.key_file is not None and not is_url(given.model):
        parser.error("--key-file is for a --model that is a URL")
    if given.folds and not given.model.endswith(".pth"):
        parser.error("--folds is for a --model that is a checkpoint (.pth)")
    return given


def is_exported(model: str) -> bool:
    return not (model.endswith(".pth") or is_url(model) or is_registered(model))


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    given = parse(arguments)
    try:
        writable(given.out)
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            measured = subject(
                given.model, given.config or CONFIG, given.checkpoint, here, given.key_file
            )
            images = Images.of(given.data)
            if given.folds:
                parts = with_folds(Path(given.model), measured, images, given.folds, here)
            else:
                parts = alone(measured, images)
            done = evaluate(parts, given.model, images)
    except ERRORS as error:
        log.error("%s", error)
        return 2
    files = write_files(done, measured, given.out)
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
