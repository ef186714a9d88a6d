"""What the model card says of doubt: with numbers where it was fitted, nothing denied where it is
not known."""

import pytest

from tests.measured import DOUBT
from tests.unit.carded import TRAINING, item, known
from train.evaluation.card import card


def test_what_doubt_was_fitted_to_and_how_well_it_does_is_told() -> None:
    text = card(TRAINING, known().metrics)

    told = "0.125 without it, 0.094 without the factors, 0.062 with it"
    assert told in item(text, "Calibration")
    assert "would show 0.031" in item(text, "Calibration")
    assert "| LAC | 1.50 | 90.0% | – |" in item(text, "Prediction sets")
    assert "| melanoma | MEL | 0.125 | 0.950 | 0.625 |" in item(text, "Referral")
    unknown = item(text, "Out-of-distribution images")
    assert "calls 87.5% UNK" in unknown
    assert "| method | no lesion | MEL left out | NV left out | mean left out |" in unknown
    assert "| Mahalanobis | 0.980 | 0.625 | 0.750 | 0.688 |" in unknown


def test_one_temperature_for_all_is_told_of_without_factors() -> None:
    doubt = {name: value for name, value in DOUBT.items() if name != "ece_with_one_temperature"}

    told = item(card(TRAINING, known().metrics | {"doubt": doubt}), "Calibration")

    assert "0.125 without it, 0.062 with it" in told
    assert "factor" not in told


@pytest.mark.parametrize(
    ("lacking", "row"),
    [
        ("methods_left_out", "| Mahalanobis | 0.980 |"),
        ("methods_unknown", "| Mahalanobis | 0.625 | 0.750 | 0.688 |"),
    ],
)
def test_methods_are_told_by_what_they_were_compared_on(lacking: str, row: str) -> None:
    doubt = {name: value for name, value in DOUBT.items() if name != lacking}

    text = card(TRAINING, known().metrics | {"doubt": doubt})

    assert row in item(text, "Out-of-distribution images").splitlines()


def test_a_method_that_was_not_compared_then_has_no_number() -> None:
    doubt = DOUBT | {"methods_unknown": {"energy": 0.5, "newer": 0.75}}

    text = card(TRAINING, known().metrics | {"doubt": doubt})

    assert "| newer | 0.750 | – | – | – |" in item(text, "Out-of-distribution images").splitlines()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "picture's embedding to"),
        ({"distance_of": "embedding"}, "picture's embedding to"),
        (
            {"distance_of": "features"},
            "picture's features, from before the model's last blocks, to",
        ),
    ],
)
def test_what_the_distance_is_of_is_told(told: dict[str, str], words: str) -> None:
    text = card(TRAINING, known().metrics | {"doubt": DOUBT | told})

    assert words in item(text, "Out-of-distribution images")


def test_without_a_fit_nothing_is_claimed_of_doubt() -> None:
    text = card(TRAINING, known().metrics | {"doubt": None})

    assert item(text, "Calibration") == "Probabilities were not calibrated."
    assert "not measured" in item(text, "Out-of-distribution images")


def test_what_the_checkpoint_says_is_told_where_there_is_no_evaluation() -> None:
    text = card(TRAINING, {}, doubt=DOUBT)

    evaluated = card(TRAINING, known().metrics)
    for name in ("Calibration", "Prediction sets", "Referral"):
        assert item(text, name) == item(evaluated, name)
    assert "calls 87.5% UNK" in item(text, "Out-of-distribution images")


def test_of_a_model_whose_checkpoint_is_not_there_nothing_is_denied() -> None:
    text = card({}, known().metrics | {"doubt": None})

    for name in ("Calibration", "Prediction sets", "Referral"):
        assert item(text, name) == "Not known."
    assert "is told is not known" in item(text, "Out-of-distribution images")


def test_what_calling_some_unknown_costs_is_told() -> None:
    metrics = known().metrics

    text = card(TRAINING, metrics)

    assert f"is right for {metrics['balanced_accuracy_of_known']['value']:.3f} (" in text
    served = {"balanced_accuracy_of_known": metrics["balanced_accuracy"]}
    assert "called UNK counts" not in card(TRAINING, metrics | served)
