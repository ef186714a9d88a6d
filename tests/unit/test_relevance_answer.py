"""Relevance as it is answered: shares of the picture's parts, and colours over it."""

import math
from io import BytesIO
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image

from handlers.answer import Explanation, Relevance
from handlers.classifier import LesionClassifier
from handlers.errors import BadRequest
from handlers.relevance import COLOURS, STRONGEST, overlay, region_of, relevance, wanted
from handlers.request import Request
from tests.images import encoded, lesion
from tests.tiny import Exported

GREY = (120, 120, 120)
SIZES = pytest.mark.parametrize(
    ("size", "region"),
    [
        ((80, 80), (0, 0, 1, 1)),
        ((240, 120), (0.25, 0, 0.5, 1)),
        ((120, 240), (0, 0.25, 1, 0.5)),
        ((101, 100), (0.5 / 101, 0, 100 / 101, 1)),
        ((1, 7), (0, 3 / 7, 1, 1 / 7)),
    ],
    ids=str,
)


def grey(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, GREY)


def shown(picture: Image.Image, found: Relevance) -> Image.Image:
    return Image.open(BytesIO(overlay(picture, found)))


@pytest.fixture(scope="module")
def classifier(exported: Exported) -> LesionClassifier:
    return LesionClassifier.load(exported.model, exported.config)


def test_the_wanted_outputs_are_all_of_a_code() -> None:
    assert wanted("MEL", ("MEL", "NV", "MEL")).tolist() == [1, 0, 1]
    assert wanted(None, ("MEL", "NV", "MEL")).tolist() == [0, 0, 0]


@pytest.mark.parametrize("target", ["UNK", "mel", "", "BCC"])
def test_a_target_that_is_no_output_is_refused_with_those_that_are(target: str) -> None:
    with pytest.raises(BadRequest, match=r"is no output of this model: ask for MEL, NV\.$"):
        wanted(target, ("MEL", "NV", "MEL"))


def test_a_grid_holds_the_shares_of_what_speaks_for_the_category() -> None:
    found = relevance("MEL", torch.tensor([[1.0, -5.0], [3.0, 0.0]]), region_of(grey((8, 8))))

    assert found["target"] == "MEL"
    assert found["grid"] == [[0.25, 0], [0.75, 0]]


def test_a_grid_sums_to_one() -> None:
    signed = torch.randn(14, 14, generator=torch.Generator().manual_seed(0))

    grid = np.array(relevance("MEL", signed, region_of(grey((8, 8))))["grid"])

    assert math.fsum(grid.flat) == pytest.approx(1, rel=0, abs=1e-12)
    assert grid.min() == 0


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_where_nothing_speaks_for_the_category_all_is_nothing(value: float) -> None:
    found = relevance("MEL", torch.full((2, 2), value), region_of(grey((8, 8))))

    assert found["grid"] == [[0, 0], [0, 0]]
    assert np.asarray(shown(grey((8, 8)), found)).tolist() == np.asarray(grey((8, 8))).tolist()


@SIZES
def test_the_region_is_the_centred_square(size: tuple[int, int], region: tuple[float, ...]) -> None:
    found = relevance("MEL", torch.ones(2, 2), region_of(grey(size)))["region"]

    assert tuple(found) == ("left", "top", "width", "height")
    assert (found["left"], found["top"], found["width"], found["height"]) == pytest.approx(region)


@SIZES
def test_the_overlay_is_as_large_as_the_picture_and_colours_the_region(
    size: tuple[int, int], region: tuple[float, ...]
) -> None:
    found = relevance("MEL", torch.ones(3, 3), region_of(grey(size)))

    picture = shown(grey(size), found)

    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", size)
    coloured = (np.asarray(picture) != GREY).any(axis=2)
    assert coloured.sum() == min(size) ** 2
    rows, columns = np.nonzero(coloured)
    assert columns.min() == pytest.approx(region[0] * size[0], abs=0.51)
    assert rows.min() == pytest.approx(region[1] * size[1], abs=0.51)


def test_the_most_relevant_part_has_the_strongest_colour() -> None:
    signed = torch.zeros(4, 4)
    signed[0, 3] = 1.0

    pixels = np.asarray(shown(grey((80, 80)), relevance("MEL", signed, region_of(grey((80, 80))))))

    expected = (1 - STRONGEST) * np.array(GREY) + STRONGEST * COLOURS[-1]
    assert pixels[5, 75] == pytest.approx(expected, abs=1)
    assert pixels[75, 5].tolist() == list(GREY)


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_overlay_is_of_the_picture_turned_upright(
    classifier: LesionClassifier, orientation: int
) -> None:
    body = encoded(lesion(), "JPEG", orientation)

    [answer] = classifier.answer([Request(body=body, explain=True, overlay=True)])

    assert isinstance(answer, bytes)
    size = lesion().size
    assert Image.open(BytesIO(answer)).size == (size if orientation == 1 else size[::-1])


def test_an_explanation_of_a_real_model_has_its_grid(classifier: LesionClassifier) -> None:
    body = encoded(lesion().resize((300, 100)), "PNG")

    [answer] = classifier.answer([Request(body=body, explain=True, target="VASC")])

    assert isinstance(answer, dict)
    found = cast("Explanation", answer)["relevance"]
    assert found["target"] == "VASC"
    assert np.array(found["grid"]).shape == (10, 10)
    assert np.sum(found["grid"]) == pytest.approx(1)
    assert found["region"] == pytest.approx({"left": 1 / 3, "top": 0, "width": 1 / 3, "height": 1})
