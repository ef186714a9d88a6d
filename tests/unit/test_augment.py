"""The random training transform shows the lesion, whole in its middle, and nothing else."""

import numpy as np
import pytest
from PIL import Image

from tests import tiny
from tests.images import lesion
from train.data.augment import augment, middle

SIZE = 64
CONFIG = tiny.config(image_size=SIZE)
# Width x height in pixels.
SHAPES = [(600, 450), (450, 600), (64, 64), (5, 5), (1, 1), (3, 2000), (2000, 3)]
SEEDS = range(25)
GREY = 128


def augmented(image: Image.Image, seed: int) -> Image.Image:
    return augment(image, CONFIG, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_shape_becomes_a_square_of_the_models_size(shape: tuple[int, int]) -> None:
    square = augmented(Image.new("RGB", shape), 0)

    assert square.size == (SIZE, SIZE)
    assert square.mode == "RGB"


def test_a_seed_is_a_picture() -> None:
    first, again, other = (np.asarray(augmented(lesion(), seed)) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ((600, 450), (0, 0, 600, 450)),
        ((10, 100), (0, 40, 10, 60)),
        ((101, 10), (40, 0, 61, 10)),
        ((1, 20_000), (0, 9_999, 1, 10_001)),
    ],
    ids=str,
)
def test_of_a_very_long_picture_only_the_middle_is_enlarged(
    shape: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    noise = np.random.default_rng(0).integers(256, size=(shape[1], shape[0], 3), dtype=np.uint8)
    picture = Image.fromarray(noise)

    kept = middle(picture)

    np.testing.assert_array_equal(kept, picture.crop(box))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_corner_shows_what_is_not_in_the_picture(shape: tuple[int, int]) -> None:
    grey = Image.new("RGB", shape, (GREY, GREY, GREY))

    squares = [np.asarray(augmented(grey, seed)) for seed in (SEEDS if min(shape) > 3 else [0, 1])]

    for square in squares:
        assert square.max() - square.min() <= 1
        # A brightness of 0.8 to 1.2 is all that may change a grey.
        assert 0.8 * GREY - 1 <= square.mean() <= 1.2 * GREY + 1


@pytest.mark.parametrize("shape", [(600, 450), (450, 600)], ids=str)
def test_the_middle_stays_in_sight(shape: tuple[int, int]) -> None:
    width, height = shape
    picture = Image.new("RGB", shape, "white")
    picture.paste(
        (200, 20, 20), (width // 2 - 45, height // 2 - 45, width // 2 + 45, height // 2 + 45)
    )

    squares = [np.asarray(augmented(picture, seed)).astype(int) for seed in SEEDS]

    # 90 of 450 pixels, shown at least as large as in the whole short side and nowhere cut.
    red = [(square[..., 0] - square[..., 1] > 60).mean() for square in squares]
    assert min(red) > 0.9 * 0.2**2
    assert max(red) < 1.1 * (0.2 / 0.65) ** 2


def centre(mask: np.ndarray) -> complex:
    """Of what is set in a square mask, in pixels from the square's middle."""
    y, x = np.nonzero(mask)
    return complex(x.mean(), y.mean()) - complex(1, 1) * (SIZE - 1) / 2


def test_the_middle_is_shifted_by_a_sixth_at_most() -> None:
    picture = Image.new("RGB", (600, 450), "white")
    picture.paste("black", (285, 210, 315, 240))

    squares = [np.asarray(augmented(picture, seed).convert("L")) for seed in SEEDS]

    shifts = [centre(square < 60) for square in squares]
    furthest = max(max(abs(shift.real), abs(shift.imag)) for shift in shifts)
    # Turned by 45 degrees, the two shifts of a sixth lie on one axis.
    assert SIZE / 12 < furthest <= SIZE / 6 * np.sqrt(2) + 1


def test_pictures_are_turned_and_mirrored() -> None:
    picture = Image.new("RGB", (450, 450), "black")
    for corner, colour in (((185, 185), "red"), ((225, 185), "lime"), ((185, 225), "blue")):
        picture.paste(colour, (*corner, corner[0] + 40, corner[1] + 40))

    squares = [np.asarray(augmented(picture, seed)) for seed in SEEDS]

    corners = [[centre(square[..., channel] > 100) for channel in range(3)] for square in squares]
    right = [green - red for red, green, _ in corners]
    down = [blue - red for red, _, blue in corners]
    assert {int(np.angle(step) // (np.pi / 2)) for step in right} == {-2, -1, 0, 1}
    turns = [np.angle(d / r, deg=True) for r, d in zip(right, down, strict=True)]
    assert {round(turn / 30) for turn in turns} == {-3, 3}
