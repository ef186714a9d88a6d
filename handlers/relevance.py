"""Relevance from the model -> its part of an explanation, and the PNG that shows it."""

import io

import numpy as np
import torch
from PIL import Image

from handlers.answer import Region, Relevance
from handlers.errors import BadRequest
from handlers.preprocess import central_square, decode

# From blue to red, through colours that skin does not have; evenly spaced, 8-bit RGB.
COLOURS = np.array([(48, 60, 190), (0, 190, 230), (120, 230, 90), (250, 220, 40), (230, 30, 30)])
# How much of the picture a colour hides, where relevance is highest.
STRONGEST = 0.75
# Pixels of an overlay's longer side: as PNG that is always below TorchServe's max_response_size,
# over which its worker dies.
LONGEST = 1440
# Characters of what was asked for that are told again, for the same reason.
TOLD = 20


def wanted(target: str | None, classes: tuple[str, ...]) -> torch.Tensor:
    """(classes,): 1 for each output of the category, all 0 for the top one, whichever it is."""
    if target is not None and target not in classes:
        codes = ", ".join(dict.fromkeys(classes))
        raise BadRequest(
            f"The target {target[:TOLD]!r} is no output of this model: ask for {codes}."
        )
    return torch.tensor([float(code == target) for code in classes])


def relevance(target: str, signed: torch.Tensor, region: Region) -> Relevance:
    """Of a map (rows, columns) whose negative parts speak against the category."""
    positive = signed.double().clamp(min=0)
    shares = positive / positive.sum() if positive.any() else positive
    return {"target": target, "grid": shares.tolist(), "region": region}


def region_of(image: Image.Image) -> Region:
    left, top, right, bottom = central_square(image)
    return {
        "left": left / image.width,
        "top": top / image.height,
        "width": (right - left) / image.width,
        "height": (bottom - top) / image.height,
    }


def shown(body: bytes) -> Image.Image:
    """The picture of a body that `decode` has read, in its own size unless that is over LONGEST."""
    image = decode(body, LONGEST // 2)
    image.thumbnail((LONGEST, LONGEST))
    return image


def overlay(image: Image.Image, found: Relevance) -> bytes:
    """PNG of the picture, turned upright, under its relevance in colours."""
    left, top, right, bottom = map(round, central_square(image))
    size = (max(1, right - left), max(1, bottom - top))
    grid = np.array(found["grid"], dtype=np.float32)
    heat = np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC))
    heat = np.clip(heat / (grid.max() or 1), 0, 1)[..., None]
    square = np.asarray(image.crop((left, top, left + size[0], top + size[1])), dtype=np.float32)
    mixed = square + STRONGEST * heat * (coloured(heat[..., 0]) - square)
    whole = image.copy()
    whole.paste(Image.fromarray(mixed.round().astype(np.uint8)), (left, top))
    file = io.BytesIO()
    whole.save(file, "PNG")
    return file.getvalue()


def coloured(heat: np.ndarray) -> np.ndarray:
    """0 to 1 (h, w) -> RGB (h, w, 3), 0 to 255."""
    steps = np.linspace(0, 1, len(COLOURS))
    return np.stack([np.interp(heat, steps, channel) for channel in COLOURS.T], axis=-1)
