"""The quality of a picture in values and words: they inform, and never block a prediction."""

import math
from dataclasses import astuple, dataclass

import numpy as np
from PIL import Image

from handlers.answer import Check, Quality
from handlers.appearance import Appearance, appearance
from handlers.errors import UnusableModel

# Of values and limits in an answer; what is shown is what was compared.
DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where a good picture ends, in the units of `Appearance`.

    The defaults are fitted (train.doubt.quality) to 1,201 dermoscopic pictures of HAM10000; the
    border's is no fit, as a border is a fact and no fault. A cell whose redness, blueness and edge
    are within theirs looks like skin, and `min_skin` is the share of such cells.
    """

    min_sharpness: float = 6.5
    min_luminance: float = 0.36
    max_luminance: float = 0.87
    max_border: float = 0.02
    min_redness: float = 0.028
    min_blueness: float = -0.27
    max_blueness: float = 0.32
    max_edge: float = 0.49
    min_skin: float = 0.59

    def __post_init__(self) -> None:
        # They stand in an answer, and JSON has no word for others.
        if not all(math.isfinite(limit) for limit in astuple(self)):
            raise UnusableModel("A limit of quality is out of range.")


def examine(image: Image.Image, size: tuple[int, int], limits: Limits, image_size: int) -> Quality:
    """Five checks of a decoded RGB image, each finite and the same on every call.

    `size` is the picture's width and height in pixels as it was sent, before a reduced decoding;
    `image_size` the model's.
    """
    seen = appearance(image)
    return {
        "sharpness": of_sharpness(seen.sharpness, limits),
        "exposure": of_exposure(seen.luminance, limits),
        "size": of_size(min(size), image_size),
        "border": of_border(seen.frame, limits),
        "skin": of_skin(skin_share(seen, limits), limits),
    }


def of_sharpness(value: float, limits: Limits) -> Check:
    value, limit = rounded(value), rounded(limits.min_sharpness)
    ok = value >= limit
    verdict = "sharp" if ok else "blurred: the answer may be less reliable"
    return Check(value=value, limit=limit, ok=ok, verdict=verdict)


def of_exposure(value: float, limits: Limits) -> Check:
    value, low = rounded(value), rounded(limits.min_luminance)
    high = rounded(limits.max_luminance)
    verdict = "too dark" if value < low else "too bright" if value > high else "well exposed"
    return Check(value=value, limit=[low, high], ok=low <= value <= high, verdict=verdict)


def of_size(side: int, image_size: int) -> Check:
    """Of the shorter side in pixels."""
    ok = side >= image_size
    verdict = "large enough" if ok else "smaller than the model looks at"
    return Check(value=float(side), limit=float(image_size), ok=ok, verdict=verdict)


def of_border(share: float, limits: Limits) -> Check:
    value, limit = rounded(share), rounded(limits.max_border)
    ok = value <= limit
    # No true share is rounded to nothing.
    verdict = f"a black border covers {max(1, round(100 * value))} % of the picture"
    return Check(value=value, limit=limit, ok=ok, verdict="no wide black border" if ok else verdict)


def of_skin(share: float, limits: Limits) -> Check:
    value, limit = rounded(share), rounded(limits.min_skin)
    ok = value >= limit
    verdict = "looks like skin" if ok else "does not look like skin"
    return Check(value=value, limit=limit, ok=ok, verdict=verdict)


def skin_share(seen: Appearance, limits: Limits) -> float:
    """The share of cells that are as red, as blue and as smooth as skin and lesions are.

    Blood and melanin both take more of green light than of red, whatever the colour of the skin;
    most other things are grey, green or blue in part, or full of hard edges.
    """
    redness, blueness, edge = seen.cells.T
    like_skin = (
        (redness >= limits.min_redness)
        & (blueness >= limits.min_blueness)
        & (blueness <= limits.max_blueness)
        & (edge <= limits.max_edge)
    )
    return float(np.mean(like_skin))


def rounded(value: float) -> float:
    return round(float(value), DECIMALS)
