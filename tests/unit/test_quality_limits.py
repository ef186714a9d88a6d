"""Limits of quality, fitted to pictures that are known to be good."""

from dataclasses import astuple
from typing import cast

import numpy as np
import pytest

from handlers.answer import Check
from handlers.appearance import Appearance, appearance
from handlers.quality import Limits, examine
from tests.images import lesion
from train.doubt.quality import fit_limits


def seen(number: int) -> Appearance:
    """The `number`th of a thousand good pictures."""
    share = (number + 0.5) / 1000
    return Appearance(
        sharpness=10 * share,
        luminance=share,
        frame=0.0,
        cells=np.array([[share, share - 0.5, share / 2]]),
    )


def test_limits_are_quantiles_of_the_good_pictures() -> None:
    limits = fit_limits([seen(number) for number in range(1000)])

    assert limits.min_sharpness == pytest.approx(0.1, abs=0.01)
    assert (limits.min_luminance, limits.max_luminance) == pytest.approx((0.002, 0.998), abs=1e-3)
    assert limits.min_redness == pytest.approx(0.01, abs=1e-3)
    assert (limits.min_blueness, limits.max_blueness) == pytest.approx((-0.49, 0.49), abs=1e-3)
    assert limits.max_edge == pytest.approx(0.495, abs=1e-3)
    assert limits.max_border == Limits().max_border


def test_what_the_limits_are_fitted_to_passes_them() -> None:
    pictures = [lesion(seed, code) for seed in range(5) for code in ("MEL", "NV", "BKL")]

    limits = fit_limits([appearance(picture) for picture in pictures])

    assert all(type(value) is float for value in astuple(limits))
    qualities = [examine(picture, picture.size, limits, 160) for picture in pictures]
    kept = [
        all(check["ok"] for check in cast("dict[str, Check]", quality).values())
        for quality in qualities
    ]
    # The picture at either end of each measure falls just outside.
    assert sum(kept) >= len(kept) - 5
