"""What is measured: the thing a user names -> its predictions and what it was trained on."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handlers.classifier import LesionClassifier
from registry.download import files, is_registered
from train import checkpoint
from train.checkpoint import Checkpoint
from train.evaluation.faithfulness import falls
from train.evaluation.predictions import of_classifier, of_url
from train.evaluation.rollout import rollout
from train.origin import ROOT
from train.pth_to_pt import export
from train.register_model import TRAINED_ON

log = logging.getLogger(__name__)

DEFAULT_CHECKPOINT = ROOT / "model_store" / "best_model.pth"


class SubjectError(Exception):
    """What was named does not go together; the text says what to name instead."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`trained_on` are image names, empty where they are not known; so is `checkpoint_sha256`.

    `falls` are those by which maps are judged, None of a server, whose maps can't be compared with
    others. `doubt` is what was found when the answer's doubt was fitted; None where it was not.
    `fitted_to` are the names of the images that it was fitted to, empty where they were not kept.
    """

    predict: Callable[[list[Path]], np.ndarray]
    falls: Callable[[list[Path]], torch.Tensor | None]
    checkpoint_sha256: str
    trained_on: tuple[str, ...]
    training: dict[str, str | int | float]
    doubt: dict[str, Any] | None
    fitted_to: tuple[str, ...]


def subject(
    model: str, config: Path, trained: Path | None, folder: Path, key_file: Path | None = None
) -> Subject:
    """Of a checkpoint, an exported model, a registered one or a URL.

    `config` belongs to an exported model, `key_file` to a URL; `trained` is the checkpoint of what
    is none itself. What must be exported or downloaded is put into `folder`.
    """
    if is_url(model):
        # Whether the server runs it can't be asked.
        predict = partial(of_url, model, key_file=key_file)
        return described(predict, None, trained, "" if trained is None else sha256_of(trained))
    listed: tuple[str, ...] = ()
    if is_registered(model):
        file, config = files(model, folder)
        names = file.with_name(TRAINED_ON)
        listed = tuple(names.read_text().splitlines()) if names.exists() else ()
    elif model.endswith(".pth"):
        trained = Path(model)
        file, config = exported(trained, folder)
    else:
        file = Path(model)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    classifier = LesionClassifier.load(file, config, device)
    sha256 = classifier.config.checkpoint_sha256
    predict = partial(of_classifier, classifier)
    return described(predict, classifier, source_of(model, sha256, trained), sha256, listed)


def is_url(model: str) -> bool:
    return model.startswith(("http://", "https://"))


def described(
    predict: Callable[[list[Path]], np.ndarray],
    classifier: LesionClassifier | None,
    trained: Path | None,
    sha256: str,
    listed: tuple[str, ...] = (),
) -> Subject:
    """By its checkpoint, else by the names `listed` beside it."""
    source = None if trained is None else checkpoint.read(trained)
    names = listed if source is None else source.trained_on
    fitted = None if source is None else source.fitted
    if not names:
        log.warning(
            "IT IS NOT KNOWN which images this model was trained on, so none is left out, and the"
            " numbers are too good if any is among these: name its checkpoint with --checkpoint"
        )
    return Subject(
        predict=predict,
        falls=comparison(classifier, source),
        checkpoint_sha256=sha256,
        trained_on=names,
        training={} if source is None else source.training,
        doubt=None if fitted is None else fitted.told(),
        fitted_to=() if fitted is None else fitted.images,
    )


def comparison(
    classifier: LesionClassifier | None, source: Checkpoint | None
) -> Callable[[list[Path]], torch.Tensor | None]:
    """Of its maps with random ones, and with attention rollout where its checkpoint is known."""
    if classifier is None:
        return lambda _: None
    flow = None
    if source is not None:
        flow = partial(rollout, source.model().to(classifier.device), views=source.views)
    return partial(falls, classifier, flow)


def source_of(model: str, expected: str, trained: Path | None) -> Path | None:
    """The checkpoint a model was exported from: the one that was named, or ours if it is that."""
    if trained is None:
        is_ours = DEFAULT_CHECKPOINT.exists() and sha256_of(DEFAULT_CHECKPOINT) == expected
        return DEFAULT_CHECKPOINT if is_ours else None
    if sha256_of(trained) != expected:
        raise SubjectError(
            f"{model} was not exported from {trained}: name its own checkpoint with --checkpoint."
        )
    return trained


def exported(trained: Path, folder: Path) -> tuple[Path, Path]:
    """Exported as it would be to be served, so that what is measured is what is served."""
    source = checkpoint.read(trained)
    model, config = folder / "skin_vit.pt", folder / "skin_lesion_model_config.json"
    export(source, sha256_of(trained), "1.0", model, config)
    return model, config


def sha256_of(file: Path) -> str:
    if not file.exists():
        raise SubjectError(f"There is no checkpoint {file}.")
    return hashlib.sha256(file.read_bytes()).hexdigest()
