"""What a picture looks like, in numbers that hardly depend on how its file was decoded."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

# Pixels of the longest side on which sharpness is measured: about what a model sees.
WORKING_SIDE = 256
# Cells a side on which colours and the black frame are measured.
GRID = 32
# A frame is darker than this share of the picture's bright parts.
BLACK = 0.3
# Of 255. As dark is black in any picture, also in one that shows next to nothing else.
BLACK_LEVEL = 16
# Pixels of the working picture that a frame's soft edge may take.
SOFT_EDGE = 4
# Added to 8-bit values before a logarithm or a division, so that noise in the dark counts neither
# as colour nor as detail.
OFFSET = 8.0


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """`cells` (n, 3) float64: of each cell outside the frame its redness ln(R/G), its blueness
    ln(B/G) and its edge, the largest step of ln(G) to the neighbour above or on the left.

    `sharpness` is the variance of the Laplacian (Pech-Pacheco et al. 2000) of luminance over the
    square of its mean plus OFFSET, times 10,000, which depends on exposure in the dark alone;
    `luminance` the mean, from 0 to 1. Neither counts the black `frame`, given as its share of the
    picture.
    """

    sharpness: float
    luminance: float
    frame: float
    cells: np.ndarray


def appearance(image: Image.Image) -> Appearance:
    """Of an RGB image of any size; every number is finite."""
    working = reduced(image)
    pixels = np.asarray(working, dtype=np.float64)
    grid = np.asarray(working.resize((GRID, GRID), Image.Resampling.BOX), dtype=np.float64)
    frame = framed(grid)
    return Appearance(
        sharpness=sharpness(luminance(pixels), clear_of(framed(pixels))),
        luminance=float(luminance(grid)[~frame].mean() / 255),
        frame=float(frame.mean()),
        cells=cells(grid, frame),
    )


def reduced(image: Image.Image) -> Image.Image:
    """Never enlarged."""
    scale = WORKING_SIDE / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def framed(rgb: np.ndarray) -> np.ndarray:
    """(h, w) of RGB values (h, w, 3): where nothing but black lies between here and a corner.

    That is all of a rectangular frame and all outside a circular field, but no dark lesion, unless
    it is black and fills a corner.
    """
    red, green, blue = np.moveaxis(rgb, -1, 0)
    # Many times faster than rgb.max(axis=2).
    brightness = np.maximum(np.maximum(red, green), blue)
    black = brightness < max(BLACK * np.quantile(brightness, 0.9), BLACK_LEVEL)
    frame: np.ndarray = np.zeros_like(black)
    # As in most pictures; looking for more takes half of what all of them takes.
    if not black[[0, 0, -1, -1], [0, -1, 0, -1]].any():
        return frame
    for rows in (slice(None), slice(None, None, -1)):
        for columns in (slice(None), slice(None, None, -1)):
            corner = np.logical_and.accumulate(black[rows, columns], axis=0)
            frame[rows, columns] |= np.logical_and.accumulate(corner, axis=1)
    # Around nothing there is no frame.
    return np.zeros_like(frame) if frame.all() else frame


def clear_of(frame: np.ndarray) -> np.ndarray:
    """(h, w) True away from a frame (h, w) and its soft edge; everywhere if nothing is."""
    near = Image.fromarray(frame.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(SOFT_EDGE))
    clear: np.ndarray = np.asarray(near) == 0
    return clear if clear.any() else np.ones_like(frame)


def sharpness(grey: np.ndarray, clear: np.ndarray) -> float:
    """Of luminance (h, w), where `clear` (h, w)."""
    padded = np.pad(grey, 1, mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    laplacian = (around - 4 * grey)[clear]
    return float(1e4 * laplacian.var() / (grey[clear].mean() + OFFSET) ** 2)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """ITU-R BT.601's, in the units of `rgb` (..., 3)."""
    grey: np.ndarray = rgb @ np.array([0.299, 0.587, 0.114])
    return grey


def cells(grid: np.ndarray, frame: np.ndarray) -> np.ndarray:
    logs = np.log(grid + OFFSET)
    green = logs[..., 1]
    down = np.abs(np.diff(green, axis=0, prepend=green[:1]))
    across = np.abs(np.diff(green, axis=1, prepend=green[:, :1]))
    # A step out of the frame is no edge of what the picture shows.
    down[1:][frame[:-1]] = 0
    across[:, 1:][frame[:, :-1]] = 0
    redness, blueness = logs[..., 0] - green, logs[..., 2] - green
    every = np.stack([redness, blueness, np.maximum(down, across)], axis=-1)
    outside: np.ndarray = every[~frame]
    return outside
