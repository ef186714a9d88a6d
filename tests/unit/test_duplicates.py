"""Nearly the same pictures are found, and what is linked stays together."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from handlers.preprocess import decode
from tests.images import lesion
from train.data.duplicates import (
    DECODED_SIZE,
    NEAR,
    distance,
    fingerprint,
    groups,
    near_pairs,
    words,
)

BITS = 1024


def print_of(*set_bits: int) -> str:
    value = sum(1 << bit for bit in set_bits)
    return f"{value:0{BITS // 4}x}"


def bits_apart(one: Image.Image, other: Image.Image) -> int:
    first, second = words(pd.Series([fingerprint(one), fingerprint(other)]))
    return int(distance(first, second))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "the same": lambda image: image,
    "half as large": lambda image: image.resize((120, 90)),
    "twice as large": lambda image: image.resize((480, 360)),
    "brighter": lambda image: image.point(lambda value: min(255, int(value * 1.1))),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "cut at the edge": lambda image: image.crop((1, 1, 239, 179)),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("code", ["MEL", "BKL", "SCC"])
def test_a_copy_is_near(code: str, copy: Callable[[Image.Image], Image.Image]) -> None:
    image = lesion(0, code)

    apart = bits_apart(image, copy(image))

    assert apart <= NEAR


@pytest.mark.parametrize("code", ["MEL", "BKL", "SCC"])
def test_another_lesion_of_the_same_category_is_not(code: str) -> None:
    assert bits_apart(lesion(0, code), lesion(1, code)) > NEAR


# Two lesion ids each: the first two show one lesion, the others merely look alike.
REAL_PAIRS = [
    ("ISIC_0025226", "ISIC_0030074", True),
    ("ISIC_0027027", "ISIC_0029036", True),
    ("ISIC_0026346", "ISIC_0031555", False),
    ("ISIC_0026516", "ISIC_0031059", False),
    ("ISIC_0031731", "ISIC_0032157", False),
]


@pytest.mark.parametrize(("one", "other", "same"), REAL_PAIRS)
def test_real_lesions_under_two_ids_are_found_and_look_alikes_are_not(
    one: str, other: str, same: bool, real_images: list[Path]
) -> None:
    first, second = (
        decode((real_images[0].parent / f"{name}.jpg").read_bytes(), DECODED_SIZE)
        for name in (one, other)
    )

    assert (bits_apart(first, second) <= NEAR) is same


def test_a_distance_counts_the_bits_of_all_words() -> None:
    prints = words(pd.Series([print_of(), print_of(0, 70, 1023), print_of(*range(BITS))]))

    apart = distance(prints[:, None], prints[None])

    assert apart.tolist() == [[0, 3, 1024], [3, 0, 1021], [1024, 1021, 0]]


def test_pairs_are_those_up_to_the_limit_whatever_block_they_lie_in() -> None:
    bits = np.random.default_rng(0).permuted(np.tile(np.arange(BITS), (50, 1)), axis=1)[:, :512]
    prints = [print_of(*row) for row in bits.tolist()]
    prints[3], prints[40] = print_of(), print_of(*range(NEAR))
    prints[17], prints[49] = print_of(*range(NEAR, 2 * NEAR)), print_of(*range(2 * NEAR + 1))
    prints[30], prints[44] = print_of(*range(0, BITS, 2)), print_of(*range(4, BITS, 2))
    expected = {
        (i, j)
        for i in range(50)
        for j in range(i + 1, 50)
        if (int(prints[i], 16) ^ int(prints[j], 16)).bit_count() <= NEAR
    }

    pairs = near_pairs(words(pd.Series(prints)))

    assert sorted(map(tuple, pairs.tolist())) == sorted(expected)
    assert {(3, 40), (3, 17), (30, 44)} <= expected
    assert (3, 49) not in expected


def test_without_near_duplicates_groups_are_lesions() -> None:
    lesions = pd.Series(["L2", "L1", "L2", "i"])
    prints = [print_of(*range(start, BITS, 4)) for start in range(4)]

    assert groups(lesions, pd.Series(prints)) == ["L2", "L1", "L2", "i"]


def test_lesions_and_near_duplicates_link_on() -> None:
    lesions = pd.Series(["L3", "L2", "L2", "L1", "L9"])
    rest = range(NEAR + 1, BITS)
    prints = pd.Series(
        [print_of(), print_of(0), print_of(*rest), print_of(*rest, 0), print_of(*range(0, BITS, 2))]
    )

    together = groups(lesions, prints)

    assert together == ["L1", "L1", "L1", "L1", "L9"]


def test_many_copies_are_one_group() -> None:
    copies = 20_000
    lesions = pd.Series([f"image{number:05}" for number in range(copies)])

    together = groups(lesions, pd.Series([print_of(1, 2)] * copies))

    assert set(together) == {"image00000"}
