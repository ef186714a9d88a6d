"""Models' answers to labelled images -> every number, and the files that hold them."""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from handlers.categories import CODES
from train.data.names import among, identities, sha256_of
from train.data.unseen import Images, is_the_validation, left_out
from train.evaluation.card import card
from train.evaluation.faithfulness import Faithfulness, faithfulness
from train.evaluation.measures import measure
from train.evaluation.parts import Part
from train.evaluation.predictions import PredictionError
from train.evaluation.report import report
from train.evaluation.subject import Subject
from train.evaluation.submission import write
from train.origin import commit

log = logging.getLogger(__name__)

# Maps are judged on evenly so many of more, as each image is answered eight times for it.
MOST_MAPS = 2000


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """`metrics` is what metrics.json holds; the rest is of the images that were counted."""

    metrics: dict[str, Any]
    images: pd.Series
    labels: np.ndarray
    probabilities: np.ndarray


def evaluate(parts: Sequence[Part], model: str, images: Images) -> Evaluation:
    """Of the first part's model; the others' are of its recipe. Raises PredictionError if no image
    is answered."""
    measured = parts[0].measured
    asked = pd.concat([part.table for part in parts], ignore_index=True)
    probabilities = np.concatenate([part.measured.predict(part.paths()) for part in parts])
    answered = np.isfinite(probabilities).all(axis=1)
    if not answered.any():
        raise PredictionError(f"None of the {len(asked)} images was answered.")
    if not answered.all():
        log.warning("%d images were refused and are left out", int((~answered).sum()))
    table = asked.loc[answered].reset_index(drop=True)
    probabilities = probabilities[answered]
    fitted = np.concatenate([fitted_to(part, images.table) for part in parts])[answered]
    labels = table["code"].map(CODES.index).to_numpy(dtype=int)
    facts = {
        "model": model,
        "checkpoint_sha256": measured.checkpoint_sha256,
        "answered_by": [
            {
                "checkpoint_sha256": part.measured.checkpoint_sha256,
                "training_images": int(
                    part.measured.training.get("training_images", len(part.measured.trained_on))
                ),
                "precision": part.measured.training.get("precision"),
                "images": len(part.table),
            }
            for part in parts
        ],
        "data": str(images.folder),
        "images_sha256": sha256_of(table["image"]),
        "commit": commit(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "is_training_runs_validation": all(held_out(part.measured, images.table) for part in parts),
        "chose_epoch": any(chose_epoch(part.measured, images.table) for part in parts),
        "doubt_was_fitted_to_these": bool(fitted.any()),
        "doubt_was_fitted_to_all": bool(fitted.all()),
        "left_out": left_out(images, asked["image"], trained_on_by_all(parts))
        | {
            "training_images_known": min(len(part.measured.trained_on) for part in parts),
            "refused": asked.loc[~answered, "image"].tolist(),
        },
    }
    return Evaluation(
        metrics=measure(labels, probabilities, table)
        | {"faithfulness": maps(parts), "doubt": measured.doubt, "measured": facts},
        images=table["image"],
        labels=labels,
        probabilities=probabilities,
    )


def held_out(by: Subject, table: pd.DataFrame) -> bool:
    """Whether what it has not seen of the images is what its training run held out."""
    names = table["image"]
    return is_the_validation(names[~among(names, by.trained_on)], by.trained_on, by.training)


def chose_epoch(by: Subject, table: pd.DataFrame) -> bool:
    """Whether it is what its training run chose its epoch on, too."""
    # Checkpoints from before that could be told kept the best epoch.
    if by.training.get("keep", "best") != "best":
        return False
    # A run does not validate on UNK where it was not trained on it.
    return held_out(by, table) or held_out(by, table.loc[table["code"] != "UNK"])


def fitted_to(part: Part, table: pd.DataFrame) -> np.ndarray:
    """(n,) Which of the images that a model answers for its doubt was fitted to."""
    by, asked = part.measured, part.table
    if by.doubt is None:
        return np.zeros(len(asked), dtype=bool)
    if by.fitted_to:
        return among(asked["image"], by.fitted_to).to_numpy()
    # Before their names were kept: calibration had a hash of all, a run fits to what it held out.
    if "images_sha256" in by.doubt:
        same = by.doubt["images_sha256"] == sha256_of(asked["image"])
        return np.full(len(asked), same)
    if held_out(by, table):
        return np.ones(len(asked), dtype=bool)
    known = (asked["code"] != "UNK").to_numpy()
    return known & held_out(by, table.loc[table["code"] != "UNK"])


def trained_on_by_all(parts: Sequence[Part]) -> tuple[str, ...]:
    seen = [identities(part.measured.trained_on) for part in parts]
    return tuple(set.intersection(*seen))


def maps(parts: Sequence[Part]) -> Faithfulness | None:
    every = -(-sum(len(part.table) for part in parts) // MOST_MAPS)
    found = [part.measured.falls(part.paths()[::every]) for part in parts]
    told = [falls for falls in found if falls is not None]
    return faithfulness(torch.cat(told, dim=1)) if told else None


def write_files(done: Evaluation, measured: Subject, out: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "metrics.json": json.dumps(done.metrics, indent=2, allow_nan=False) + "\n",
        "report.html": report(done.metrics, done.labels, done.probabilities),
        "model_card.md": card(measured.training, done.metrics, measured.trained_on),
    }
    for name, text in texts.items():
        (out / name).write_text(text)
    write(out / "predictions.csv", done.images, done.probabilities)
    return [out / name for name in (*texts, "predictions.csv")]
