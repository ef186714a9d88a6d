"""Who is in which group, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from train.evaluation.inputs import MeasureError
from train.evaluation.intervals import balanced_accuracy_interval
from train.evaluation.subgroups import age_band, subgroups


def answered(images: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(9, size=images), rng.dirichlet(np.ones(9), images)


def table(images: int, **columns: object) -> pd.DataFrame:
    """One of images of two a lesion; what is not given is empty."""
    lesions = [f"lesion {image // 2}" for image in range(images)]
    return pd.DataFrame({"group": lesions, "age": np.nan, "sex": None, "site": None} | columns)


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0, "0-9"),
        (9.9, "0-9"),
        (10, "10-19"),
        (79, "70-79"),
        (80, "80+"),
        (101, "80+"),
        (np.inf, "unknown"),
        (-1, "unknown"),
        (np.nan, "unknown"),
    ],
)
def test_an_age_is_in_its_decade(age: float, band: str) -> None:
    assert age_band(age) == band


def test_a_group_is_scored_as_if_it_were_all() -> None:
    labels, probabilities = answered(100)
    sexes = ["female"] * 60 + ["male"] * 40

    female, male = subgroups(labels, probabilities, table(100, sex=sexes), seed=2)["sex"]

    assert (female.group, female.images, female.lesions, female.too_few) == (
        "female",
        60,
        30,
        False,
    )
    assert (male.group, male.images, male.lesions, male.too_few) == ("male", 40, 20, False)
    assert male.balanced_accuracy == balanced_accuracy_interval(
        labels[60:], probabilities[60:], np.arange(40) // 2, seed=2
    )


def test_below_thirty_images_nothing_is_claimed() -> None:
    labels, probabilities = answered(59)
    sites = ["torso"] * 29 + ["head/neck"] * 30

    head, torso = subgroups(labels, probabilities, table(59, site=sites))["site"]

    assert (head.images, head.too_few, head.balanced_accuracy is None) == (30, False, False)
    assert (torso.images, torso.too_few, torso.balanced_accuracy is None) == (29, True, True)


def test_the_unknown_are_a_group_of_their_own_and_the_last() -> None:
    labels, probabilities = answered(5)
    known = table(
        5,
        age=pd.Series([85, None, 5, 15, np.nan], dtype=object),
        sex=[None, "male", np.nan, "", "female"],
        site=["vulva", "torso", " ", np.nan, "torso "],
    )

    groups = subgroups(labels, probabilities, known)

    assert [[(one.group, one.images) for one in groups[by]] for by in ("age", "sex", "site")] == [
        [("0-9", 1), ("10-19", 1), ("80+", 1), ("unknown", 2)],
        [("female", 1), ("male", 1), ("unknown", 3)],
        [("torso", 2), ("vulva", 1), ("unknown", 2)],
    ]


def test_rows_are_met_by_place_and_not_by_index() -> None:
    labels, probabilities = answered(80)
    plain = table(80, sex=["female", "male"] * 40)
    shuffled = plain.set_index(np.arange(80)[::-1])

    assert subgroups(labels, probabilities, shuffled) == subgroups(labels, probabilities, plain)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (table(3), "3 rows for 4 images"),
        (table(4).drop(columns=["age", "site"]), "no column age, site"),
        (table(4, group=["a", "b", "c", None]), "own name"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(wrong: pd.DataFrame, said: str) -> None:
    labels, probabilities = answered(4)

    with pytest.raises(MeasureError, match=said):
        subgroups(labels, probabilities, wrong)
