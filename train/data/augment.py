"""The random training transform: nothing it does would change a lesion's category."""

import math

import cv2
import numpy as np

# Side of the square that is shown, as a share of the picture's short side.
ZOOM = (0.65, 1.0)
# How far the square's middle may go from the picture's, in sides of the square.
SHIFT = 1 / 6
COLOUR = 0.2
# Of the single channels, as under another lamp.
TINT = 0.06
BLURRED = 0.2
BLUR = (0.3, 1.0)
LUMINANCE = np.array([0.299, 0.587, 0.114])


def augment(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """8-bit RGB (height, width, 3) -> a square (size, size, 3): any rotation, a flip, zoom, shift,
    slight colour, sometimes a mild blur; mirrored edges fill what lies outside."""
    square = cv2.warpAffine(
        picture,
        placement(picture.shape[1], picture.shape[0], size, rng),
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    if rng.random() < BLURRED:
        square = cv2.GaussianBlur(square, (0, 0), rng.uniform(*BLUR))
    coloured: np.ndarray = cv2.transform(square, colours(float(square.mean()), rng))
    return coloured


def placement(width: int, height: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """(2, 3) The affine map from a place in the square to one in the picture, in pixels."""
    short = min(width, height)
    side = short * rng.uniform(*ZOOM)
    # The square's middle, so that without rotation it would stay inside the picture.
    reach = [min(side * SHIFT, max(0.0, (length - side) / 2)) for length in (width, height)]
    middle = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * reach
    angle, mirror = rng.uniform(0, 2 * math.pi), rng.choice((-1.0, 1.0))
    turn = np.array(
        [
            [math.cos(angle) * mirror, -math.sin(angle)],
            [math.sin(angle) * mirror, math.cos(angle)],
        ]
    )
    turn *= side / size
    # Of pixels' middles: the square's middle meets the picture's.
    offset = (middle - 0.5) - turn @ np.full(2, (size - 1) / 2)
    return np.column_stack([turn, offset])


def colours(brightness: float, rng: np.random.Generator) -> np.ndarray:
    """(3, 4) One linear map of RGB: saturation, tint, brightness, and contrast around the mean."""
    saturation, light, contrast = rng.uniform(1 - COLOUR, 1 + COLOUR, 3)
    tint = rng.uniform(1 - TINT, 1 + TINT, 3)
    grey = np.tile(LUMINANCE, (3, 1))
    matrix = (grey + saturation * (np.eye(3) - grey)) * tint[:, None] * light * contrast
    return np.column_stack([matrix, np.full(3, brightness * light * (1 - contrast))])
