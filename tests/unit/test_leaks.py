"""Leaks are counted, told aloud and listed; a split by groups has none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import REAL_DATA
from tests.images import encoded, lesion
from train.data.layouts import read
from train.data.leaks import (
    PAIRS,
    at_random,
    check,
    leaked_pairs,
    leaked_share,
    on_both_sides,
    report,
)
from train.data.split import Split, readable, split

METADATA = REAL_DATA / "isic2019" / "ISIC_2019_Training_Metadata.csv"
BLANK, FULL = "0" * 256, "f" * 256


def side(rows: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["image", "lesion", "group", "fingerprint"])


def parts_of(
    train: list[tuple[str, str, str, str]], test: list[tuple[str, str, str, str]]
) -> Split:
    return Split(train=side(train), validation=side(test))


def test_lesions_and_groups_on_both_sides_are_counted() -> None:
    train = [("a", "L1", "g1", BLANK), ("b", "L2", "g2", BLANK), ("c", "L3", "g3", FULL)]
    test = [("d", "L1", "g1", FULL), ("e", "L4", "g2", BLANK), ("f", "L5", "g5", FULL)]

    found = report(parts_of(train, test))

    assert (found.lesions, found.groups) == (1, 2)


def test_lesions_are_on_both_sides_with_images_on_both() -> None:
    lesions = pd.Series(["a", "a", "b", "b", "c", "d"])
    held_out = np.array([True, False, True, True, False, True])

    assert on_both_sides(lesions, held_out) == 1


@pytest.mark.parametrize(("pictures", "expected"), [(1, 0.0), (2, 1 - 0.8**2 - 0.2**2)])
def test_a_random_split_would_leak_what_chance_leaks(pictures: int, expected: float) -> None:
    rows = [(f"L{n}-{p}", f"L{n}", f"L{n}", BLANK) for n in range(1000) for p in range(pictures)]
    fifth = len(rows) // 5

    found = report(parts_of(rows[fifth:], rows[:fifth]))

    assert found.lesions_by_random / 1000 == pytest.approx(expected, abs=0.05)


def test_a_random_split_would_leak_nothing_of_a_category_that_is_left_out() -> None:
    codes = ["NV"] * 200 + ["MEL"] * 20
    table = side([(f"image{n}", f"L{n // 2}", f"L{n // 2}", BLANK) for n in range(220)])
    parts = split(table.assign(code=codes, side=""), 0)

    found = report(parts.without("NV"))

    # A picture in training and one held out, of each: the two numbers are of one split.
    assert found.lesions_by_random == round(found.share_by_random * 4) > 0
    assert report(parts).lesions_by_random > 10


def test_pairs_are_listed_with_their_distance_and_reason() -> None:
    train = [("a", "L1", "g1", BLANK), ("b", "L2", "g1", BLANK[:-1] + "1"), ("c", "L3", "g3", FULL)]
    test = [("d", "L1", "g1", FULL), ("e", "L1", "g1", BLANK), ("f", "L5", "g5", FULL)]

    pairs = leaked_pairs(parts_of(train, test))

    assert pairs.to_numpy().tolist() == [
        ["a", "e", 0, "same lesion and near-duplicate"],
        ["b", "e", 1, "near-duplicate"],
        ["a", "d", 1024, "same lesion"],
    ]


def test_a_users_own_test_folder_that_leaks_is_shouted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    for folder in ("Train/MEL", "Test/MEL"):
        (data / folder).mkdir(parents=True)
    for number in range(3):
        body = encoded(lesion(number, "MEL"), "JPEG")
        (data / f"Train/MEL/{number}.jpg").write_bytes(body)
    small = lesion(1, "MEL").resize((120, 90))
    (data / "Test/MEL/copy.png").write_bytes(encoded(small, "PNG"))
    (data / "Test/MEL/new.jpg").write_bytes(encoded(lesion(9, "MEL"), "JPEG"))

    found = check(split(readable(read(data)), 0), run)

    assert (found.lesions, found.groups) == (0, 1)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "the data names no lesions" in caplog.messages[0]
    assert "1 of 2 held-out images are in training too" in caplog.messages[1]
    pairs = pd.read_csv(run / PAIRS)
    assert pairs.columns.tolist() == ["train_image", "test_image", "distance", "reason"]
    assert pairs[["train_image", "test_image", "reason"]].to_numpy().tolist() == [
        ["Train/MEL/1.jpg", "Test/MEL/copy.png", "near-duplicate"]
    ]


def test_a_split_by_groups_leaks_nothing_and_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"L{number // 2}" for number in range(400)]
    table = side([(f"image{n}", name, name, BLANK) for n, name in enumerate(names)])
    table = table.assign(code="NV", side="")

    found = check(split(table, 0), tmp_path)

    assert (found.lesions, found.groups, found.lesions_named) == (0, 0, 400)
    assert found.share_by_random == pytest.approx(0.8, abs=0.1)
    assert caplog.messages == []
    assert not (tmp_path / PAIRS).exists()


def test_with_nothing_held_out_nothing_leaks(tmp_path: Path) -> None:
    train = [("a", "L1", "g1", BLANK)]

    found = check(parts_of(train, []), tmp_path)

    assert (found.lesions, found.groups, found.share_by_random) == (0, 0, 0.0)


def test_a_share_of_half_the_pairs_is_their_chance() -> None:
    pairs = pd.Series(np.repeat(np.arange(2_000), 2)).astype(str)

    assert leaked_share(pairs, at_random(4_000, 2_000, seed=0)) == pytest.approx(0.5, abs=0.03)


def test_images_without_a_lesion_have_no_sibling() -> None:
    lesions = pd.Series([None, None, None, None], dtype=object)

    assert leaked_share(lesions, at_random(4, 2, seed=0)) == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.skipif(not METADATA.is_file(), reason=f"the real metadata is not at {METADATA}")
def test_a_random_tenth_of_isic_2019_leaks_63_percent(seed: int) -> None:
    lesions = pd.read_csv(METADATA)["lesion_id"]

    held_out = at_random(len(lesions), len(lesions) // 10, seed)

    assert leaked_share(lesions, held_out) == pytest.approx(0.63, abs=0.02)
