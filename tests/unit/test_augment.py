"""The random training transform shows the lesion, whole in its middle, and nothing else."""

import numpy as np
import pytest
from PIL import Image

from tests.images import lesion
from train.data.augment import augment

SIZE = 64
# Width x height in pixels.
SHAPES = [(600, 450), (450, 600), (64, 64), (5, 5), (1, 1), (3, 2000), (2000, 3)]
SEEDS = range(25)
GREY = 128


def augmented(image: Image.Image, seed: int) -> np.ndarray:
    return augment(np.asarray(image), SIZE, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_shape_becomes_a_square_of_the_asked_size(shape: tuple[int, int]) -> None:
    square = augmented(Image.new("RGB", shape), 0)

    assert square.shape == (SIZE, SIZE, 3)
    assert square.dtype == np.uint8


def test_a_seed_is_a_picture() -> None:
    first, again, other = (augmented(lesion(), seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_corner_shows_what_is_not_in_the_picture(shape: tuple[int, int]) -> None:
    grey = Image.new("RGB", shape, (GREY, GREY, GREY))

    squares = [augmented(grey, seed) for seed in SEEDS]

    for square in squares:
        assert (square.max(axis=(0, 1)) - square.min(axis=(0, 1)) <= 1).all()
        # A brightness of 0.8 to 1.2 and a tint of 0.94 to 1.06, with a contrast up to 1.2 of it.
        assert square.min() >= 0.8 * 0.928 * GREY - 1
        assert square.max() <= 1.2 * 1.072 * GREY + 1


@pytest.mark.parametrize("shape", [(600, 450), (450, 600)], ids=str)
def test_the_middle_stays_in_sight(shape: tuple[int, int]) -> None:
    width, height = shape
    picture = Image.new("RGB", shape, "white")
    picture.paste(
        (200, 20, 20), (width // 2 - 45, height // 2 - 45, width // 2 + 45, height // 2 + 45)
    )

    squares = [augmented(picture, seed).astype(int) for seed in SEEDS]

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

    squares = [augmented(picture, seed).mean(axis=2) for seed in SEEDS]

    shifts = [centre(square < 110) for square in squares]
    furthest = max(max(abs(shift.real), abs(shift.imag)) for shift in shifts)
    # Turned by 45 degrees, the two shifts of a sixth lie on one axis.
    assert SIZE / 12 < furthest <= SIZE / 6 * np.sqrt(2) + 1


def test_pictures_are_turned_and_mirrored() -> None:
    picture = Image.new("RGB", (450, 450), "black")
    for corner, colour in (((185, 185), "red"), ((225, 185), "lime"), ((185, 225), "blue")):
        picture.paste(colour, (*corner, corner[0] + 40, corner[1] + 40))

    squares = [augmented(picture, seed) for seed in SEEDS]

    corners = [[centre(square[..., channel] > 100) for channel in range(3)] for square in squares]
    right = [green - red for red, green, _ in corners]
    down = [blue - red for red, _, blue in corners]
    assert {int(np.angle(step) // (np.pi / 2)) for step in right} == {-2, -1, 0, 1}
    turns = [np.angle(d / r, deg=True) for r, d in zip(right, down, strict=True)]
    assert {round(turn / 30) for turn in turns} == {-3, 3}


def test_channels_are_tinted_apart() -> None:
    grey = Image.new("RGB", (64, 64), (GREY, GREY, GREY))

    means = np.array([augmented(grey, seed).mean(axis=(0, 1)) for seed in SEEDS])

    spread = means.max(axis=1) / means.min(axis=1)
    assert spread.max() > 1.05
    # The most that 1.06 and 0.94 can be apart, at a contrast of 1.2.
    assert spread.max() < 1.072 / 0.928 + 0.02


def test_some_pictures_are_blurred() -> None:
    noise = np.random.default_rng(0).integers(256, size=(90, 90, 3), dtype=np.uint8)

    squares = [augment(noise, SIZE, np.random.default_rng(seed)) for seed in range(200)]

    # How far neighbours differ, as a share of how far any two do.
    rough = [np.diff(square.astype(float), axis=0).std() / square.std() for square in squares]
    assert 0.1 < np.mean(np.array(rough) < 1.1) < 0.3
