"""Relevance over the picture, in colours and in words."""

import numpy as np
from PIL import Image

from streamlit_app.answer import Relevance

# From blue to red, through colours that skin does not have; evenly spaced, 8-bit RGB.
COLOURS = np.array([(48, 60, 190), (0, 190, 230), (120, 230, 90), (250, 220, 40), (230, 30, 30)])
ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")


def overlaid(picture: Image.Image, found: Relevance, strength: float) -> Image.Image:
    """An upright RGB picture under its relevance; at `strength` 1 the highest hides it."""
    left, top = round(found.left * picture.width), round(found.top * picture.height)
    right = round((found.left + found.width) * picture.width)
    bottom = round((found.top + found.height) * picture.height)
    size = (max(1, right - left), max(1, bottom - top))
    grid = np.array(found.grid, dtype=np.float32)
    heat = np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC))
    heat = np.clip(heat / (grid.max() or 1), 0, 1)
    part = picture.crop((left, top, left + size[0], top + size[1]))
    square = np.asarray(part, dtype=np.float32)
    mixed = square + strength * heat[..., None] * (coloured(heat) - square)
    whole = picture.copy()
    whole.paste(Image.fromarray(mixed.round().astype(np.uint8)), (left, top))
    return whole


def coloured(heat: np.ndarray) -> np.ndarray:
    """0 to 1 (h, w) -> RGB (h, w, 3), 0 to 255."""
    steps = np.linspace(0, 1, len(COLOURS))
    return np.stack([np.interp(heat, steps, channel) for channel in COLOURS.T], axis=-1)


def strongest(found: Relevance) -> str | None:
    """In which ninth of the picture relevance is highest; None where there is none."""
    grid = np.array(found.grid)
    if not grid.any():
        return None
    row, column = np.unravel_index(grid.argmax(), grid.shape)
    down = found.top + found.height * (row + 0.5) / grid.shape[0]
    across = found.left + found.width * (column + 0.5) / grid.shape[1]
    vertical, horizontal = ROWS[int(3 * down)], COLUMNS[int(3 * across)]
    return (
        "centre" if (vertical, horizontal) == ("middle", "centre") else f"{vertical} {horizontal}"
    )
