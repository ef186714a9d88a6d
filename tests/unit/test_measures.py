"""The whole of metrics.json, as those who read it expect it."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from handlers.categories import CODES
from train.evaluation.inputs import MeasureError
from train.evaluation.intervals import balanced_accuracy_interval
from train.evaluation.measures import measure
from train.evaluation.scores import METRICS, per_category


def evaluated(categories: int) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """200 images of 120 lesions, the last categories of CODES never true."""
    rng = np.random.default_rng(0)
    labels = rng.integers(categories, size=200)
    probabilities = 0.3 * np.eye(9)[labels] + 0.7 * rng.dirichlet(np.ones(9), 200)
    table = pd.DataFrame(
        {
            # Lesions that look alike go together.
            "lesion": np.arange(200),
            "group": [f"lesion {number}" for number in np.arange(200) % 120],
            "age": rng.choice([35.0, 62.0, np.nan], 200),
            "sex": rng.choice(np.array(["female", "male", None], dtype=object), 200),
            "site": None,
        }
    )
    return labels, probabilities, table


def test_every_part_is_there() -> None:
    labels, probabilities, table = evaluated(8)

    measures = measure(labels, probabilities, table)

    assert (measures["images"], measures["lesions"], measures["undecided"]) == (200, 120, 0)
    assert measures["balanced_accuracy"] == asdict(
        balanced_accuracy_interval(labels, probabilities, table["group"].to_numpy())
    )
    assert list(measures["per_class"]) == list(CODES)
    assert measures["per_class"]["BCC"] == asdict(per_category(labels, probabilities)[2])
    assert list(measures["macro"]) == list(METRICS)
    for target in ("MEL", "malignant"):
        for point in measures["operating_points"][target].values():
            assert list(point) == ["threshold", "specificity"]
            assert list(point["specificity"]) == ["value", "low", "high"]
    assert len(measures["calibration"]["bins"]) == 15
    assert [group["group"] for group in measures["subgroups"]["age"]] == [
        "30-39",
        "60-69",
        "unknown",
    ]
    assert list(measures["subgroups"]) == ["age", "sex", "site"]
    assert (
        np.sum(measures["confusion"], axis=1).tolist() == np.bincount(labels, minlength=9).tolist()
    )


@pytest.mark.parametrize("categories", [1, 2, 8, 9])
def test_it_is_json_without_nan_whatever_occurs(categories: int) -> None:
    labels, probabilities, table = evaluated(categories)

    measures = measure(labels, probabilities.astype(np.float32), table)

    assert json.loads(json.dumps(measures, allow_nan=False)) == measures


@pytest.mark.parametrize("label", range(9))
def test_one_image_is_measured(label: int) -> None:
    labels, probabilities, table = evaluated(9)
    chosen = np.flatnonzero(labels == label)[:1]

    measures = measure(labels[chosen], probabilities[chosen], table.iloc[chosen])

    assert json.loads(json.dumps(measures, allow_nan=False)) == measures


def test_the_same_seed_gives_the_same_numbers() -> None:
    labels, probabilities, table = evaluated(8)

    assert measure(labels, probabilities, table) == measure(labels, probabilities, table)
    assert measure(labels, probabilities, table, seed=1) != measure(labels, probabilities, table)


def test_the_undecided_are_counted_and_in_no_column_of_the_confusion() -> None:
    labels, probabilities, table = evaluated(8)
    probabilities[:5] = 1 / 9

    measures = measure(labels, probabilities, table)

    assert measures["undecided"] == 5
    assert np.sum(measures["confusion"]) == 195


def test_what_does_not_fit_together_is_refused() -> None:
    labels, probabilities, table = evaluated(8)

    with pytest.raises(MeasureError, match="199 rows for 200 images"):
        measure(labels, probabilities, table.iloc[1:])
    with pytest.raises(MeasureError, match="9 columns"):
        measure(np.zeros(200, dtype=np.int64), np.full((200, 8), 0.125), table)


def test_what_is_called_unknown_is_answered_by_the_most_probable_known_category() -> None:
    labels, probabilities, table = evaluated(8)
    called = probabilities / 2
    called[:, CODES.index("UNK")] += 0.5

    measures = measure(labels, called, table)

    plain = measure(labels, probabilities, table)
    assert measures["balanced_accuracy"]["value"] < plain["balanced_accuracy"]["value"]
    assert measures["balanced_accuracy_of_known"] == plain["balanced_accuracy_of_known"]


def test_unknown_images_are_to_be_called_so() -> None:
    measures = measure(*evaluated(9))

    assert measures["balanced_accuracy_of_known"] == measures["balanced_accuracy"]
