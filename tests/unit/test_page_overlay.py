"""The overlay that the page makes is the core's own, at any strength."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from handlers import relevance as core
from streamlit_app import answer
from streamlit_app.answer import Relevance
from streamlit_app.overlay import overlaid, strongest
from tests.images import lesion


def found(grid: torch.Tensor, picture: Image.Image) -> tuple[Relevance, bytes]:
    """As the page reads it, and the core's own overlay."""
    made = core.relevance("MEL", grid, core.region_of(picture))
    return answer.relevance({"relevance": made}), core.overlay(picture, made)


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).astype(int)


@pytest.mark.parametrize("size", [(240, 180), (181, 240), (200, 200)])
def test_at_the_cores_strength_it_is_the_cores_overlay(size: tuple[int, int]) -> None:
    picture = lesion().resize(size)
    relevance, png = found(torch.rand(10, 10, generator=torch.Generator().manual_seed(0)), picture)

    made = overlaid(picture, relevance, core.STRONGEST)

    differing = np.abs(pixels(made) - pixels(Image.open(io.BytesIO(png))))
    assert differing.max() <= 1


def test_at_no_strength_it_is_the_picture() -> None:
    picture = lesion()
    relevance, _ = found(torch.rand(10, 10), picture)

    assert np.array_equal(pixels(overlaid(picture, relevance, 0)), pixels(picture))


def test_a_stronger_overlay_hides_more() -> None:
    picture = lesion()
    relevance, _ = found(torch.rand(10, 10), picture)

    weak, strong = (
        np.abs(pixels(overlaid(picture, relevance, strength)) - pixels(picture)).sum()
        for strength in (0.3, 0.9)
    )

    assert strong > 2 * weak > 0


def test_what_the_model_does_not_look_at_keeps_its_colours() -> None:
    picture = lesion()
    relevance, _ = found(torch.ones(10, 10), picture)

    made = overlaid(picture, relevance, 1)

    assert np.array_equal(pixels(made)[:, :30], pixels(picture)[:, :30])
    assert not np.array_equal(pixels(made)[:, 30:210], pixels(picture)[:, 30:210])


def test_no_relevance_leaves_the_picture_as_it_is() -> None:
    picture = lesion()
    relevance, _ = found(torch.zeros(10, 10), picture)

    assert np.array_equal(pixels(overlaid(picture, relevance, 1)), pixels(picture))
    assert strongest(relevance) is None


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [(0, 0, "top left"), (4, 5, "centre"), (9, 9, "bottom right"), (5, 0, "middle left")],
)
def test_the_strongest_place_is_named(row: int, column: int, expected: str) -> None:
    grid = torch.zeros(10, 10)
    grid[row, column] = 1
    relevance, _ = found(grid, lesion())

    assert strongest(relevance) == expected
