"""Which images of an evaluation doubt was fitted to, and what card and report say of it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.measured import DOUBT, IMAGES, measured
from tests.unit.calibrating import BARE
from tests.unit.carded import TRAINING, item
from train.data.unseen import Images
from train.doubt.fitting import calibrated
from train.evaluation.card import card
from train.evaluation.evaluation import fitted_to, trained_on_by_all
from train.evaluation.parts import Part
from train.evaluation.report import report
from train.evaluation.subject import Subject

TABLE = pd.DataFrame({"image": ["a", "b", "c"], "code": ["MEL", "NV", "UNK"]})
WHOLE = hashlib.sha256(b"a,validation\nb,validation\nc,validation\nd,train").hexdigest()
WITHOUT_UNK = hashlib.sha256(b"a,validation\nb,validation\nd,train").hexdigest()


def part(split: str = "", *, trained_on: tuple[str, ...] = ("d",), images: str = "") -> Part:
    measured = Subject(
        predict=lambda _: np.empty((0, 9)),
        falls=lambda _: None,
        checkpoint_sha256="",
        trained_on=trained_on,
        training={"split_sha256": split},
        doubt=DOUBT,
        fitted_to=tuple(images),
    )
    return Part(measured=measured, table=TABLE)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ("abc", [True, True, True]),
        ("ab", [True, True, False]),
        ("bz", [False, True, False]),
        ("xyz", [False, False, False]),
    ],
)
def test_images_are_those_it_was_fitted_to_by_their_names(
    images: str, expected: list[bool]
) -> None:
    # Also where they are all that the run held out: it may have been fitted to others since.
    assert fitted_to(part(WHOLE, images=images), TABLE).tolist() == expected


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (WHOLE, [True, True, True]),
        (WITHOUT_UNK, [True, True, False]),
        ("", [False, False, False]),
    ],
)
def test_before_names_were_kept_it_was_fitted_to_what_the_run_held_out(
    split: str, expected: list[bool]
) -> None:
    assert fitted_to(part(split), TABLE).tolist() == expected


def test_without_doubt_nothing_was_fitted_to_any() -> None:
    bare = part(WHOLE, images="abc")
    bare = replace(bare, measured=replace(bare.measured, doubt=None))

    assert not fitted_to(bare, TABLE).any()


def test_a_training_run_keeps_the_names_of_what_it_fits_to(drawings: Path) -> None:
    table = Images.of(drawings).table

    fitted = calibrated(BARE, table).fitted

    assert fitted is not None
    assert set(fitted.images) == set(table["image"])


def test_of_several_models_what_was_left_out_is_what_each_was_trained_on() -> None:
    parts = [
        part(trained_on=("ISIC_0000001", "d", "e")),
        part(trained_on=("Train/NV/ISIC_0000001.jpg", "e", "f")),
    ]

    assert set(trained_on_by_all(parts)) == {"ISIC_0000001", "e"}


# As evidence has it where it is of several models.
BY_SIX = {
    "models": 6,
    "images": 6000,
    "lesions": 4519,
    "balanced_accuracy": {"value": 0.75, "low": 0.7, "high": 0.8},
}


@pytest.mark.parametrize(
    ("fitted_to_all", "images", "head", "error"),
    [
        (
            True,
            IMAGES,
            "to these very images. Cross-fitted it calls 3.0% of such pictures UNK, which leaves"
            " 0.719 (0.688 to 0.750).",
            "of probabilities that were fitted to these images too; cross-fitted it follows.",
        ),
        (
            True,
            6000,
            "to these very images. Cross-fitted, on 6000 images by 6 models of its recipe, it calls"
            " 3.0% of such pictures UNK, which leaves 0.719 (0.688 to 0.750) there.",
            "to these images too; cross-fitted, on 6000 images by 6 models of its recipe, it",
        ),
        (
            False,
            40,
            "to some of these images. Cross-fitted, on 40 images, it calls 3.0%",
            "to some of these images too; cross-fitted, on 40 images, it follows.",
        ),
        (
            False,
            IMAGES,
            f"to some of these images. Cross-fitted, on {IMAGES} images, it calls 3.0%",
            f"to some of these images too; cross-fitted, on {IMAGES} images, it follows.",
        ),
    ],
)
def test_numbers_of_other_images_are_told_as_theirs(
    fitted_to_all: bool, images: int, head: str, error: str
) -> None:
    one = measured(doubt_was_fitted_to_these=True, doubt_was_fitted_to_all=fitted_to_all)
    doubt = DOUBT | {"images": images}
    if images == BY_SIX["images"]:
        doubt |= {"cross_validation": BY_SIX}
    metrics = one.metrics | {"doubt": doubt}

    text = card(TRAINING, metrics)
    page = report(metrics, one.labels, one.probabilities)

    assert head in " ".join(text.split("## Data")[0].split())
    assert head in " ".join(page.split())
    assert error in item(text, "Performance")
