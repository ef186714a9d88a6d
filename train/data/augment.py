"""The random training transform: nothing it does would change a lesion's category."""

import math

import numpy as np
from PIL import Image, ImageEnhance

from handlers.model_config import ModelConfig
from handlers.preprocess import RESAMPLING

# Side of the square that is shown, as a share of the picture's short side.
ZOOM = (0.65, 1.0)
COLOUR = 0.2


def augment(image: Image.Image, config: ModelConfig, rng: np.random.Generator) -> Image.Image:
    """A square of `config.image_size`: any rotation, a flip, zoom, shift and slight colour."""
    size = config.image_size
    image = middle(image)
    scale = size / (min(image.size) * rng.uniform(*ZOOM))
    scaled = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))),
        RESAMPLING[config.interpolation],
    )
    return coloured(turned(scaled, size, rng), rng)


def middle(image: Image.Image) -> Image.Image:
    """At most twice as long as it is wide: no square around the middle reaches further out."""
    most = 2 * min(image.size)
    left, top = (max(0, side - most) // 2 for side in image.size)
    return image.crop((left, top, image.width - left, image.height - top))


def turned(image: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """A rotated, perhaps mirrored square from around the middle; mirrored edges fill corners."""
    pad = math.ceil(size * 0.3)
    padded = Image.fromarray(
        np.pad(np.asarray(image), ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    )
    # How far the square's centre may go before it leaves the picture, at most a sixth of it.
    reach = [min(size / 6, max(0.0, (side - size) / 2)) for side in image.size]
    x, y = (padded.width / 2, padded.height / 2) + rng.uniform(-1, 1, 2) * reach
    angle, mirror = rng.uniform(0, 2 * math.pi), rng.choice((-1, 1))
    a, b = math.cos(angle) * mirror, -math.sin(angle)
    c, d = math.sin(angle) * mirror, math.cos(angle)
    half = size / 2
    return padded.transform(
        (size, size),
        Image.Transform.AFFINE,
        (a, b, x - half * (a + b), c, d, y - half * (c + d)),
        Image.Resampling.BILINEAR,
    )


def coloured(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = change(image).enhance(rng.uniform(1 - COLOUR, 1 + COLOUR))
    return image
