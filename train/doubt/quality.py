"""The limits of a picture's quality, fitted to pictures that are known to be good."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handlers.appearance import Appearance
from handlers.quality import Limits, skin_share

# The share of good pictures that may be called blurred or unlike skin, and the share of their
# cells that may lie beyond each bound of skin.
TAIL = 0.01
# Far less on either side, as few of these pictures show dark skin, which is no fault.
EXPOSURE_TAIL = 0.002


def fit_limits(good: Sequence[Appearance]) -> Limits:
    """`good` is what `appearance` finds in validation images, at least one."""
    sharpness = np.array([one.sharpness for one in good])
    luminance = np.array([one.luminance for one in good])
    redness, blueness, edge = np.concatenate([one.cells for one in good]).T
    colours = Limits(
        min_sharpness=quantile(sharpness, TAIL),
        min_luminance=quantile(luminance, EXPOSURE_TAIL),
        max_luminance=quantile(luminance, 1 - EXPOSURE_TAIL),
        min_redness=quantile(redness, TAIL),
        min_blueness=quantile(blueness, TAIL),
        max_blueness=quantile(blueness, 1 - TAIL),
        max_edge=quantile(edge, 1 - TAIL),
    )
    shares = np.array([skin_share(one, colours) for one in good])
    return replace(colours, min_skin=quantile(shares, TAIL))


def quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share))
