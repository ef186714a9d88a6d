"""Logits become nine probabilities, whatever the model's own outputs are."""

import math

import pytest
import torch

from handlers.categories import CODES
from handlers.postprocess import to_prediction
from tests import tiny


def logits(*shares: float) -> torch.Tensor:
    """Those whose softmax is `shares`."""
    return torch.tensor(shares).log()


def test_there_are_nine_probabilities_in_isics_order() -> None:
    backwards = tiny.config(classes=CODES[::-1])

    prediction = to_prediction(torch.arange(9.0), backwards)

    probabilities = list(prediction["probabilities"].values())
    assert tuple(prediction["probabilities"]) == CODES
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("seed", range(20))
def test_probabilities_sum_to_one(seed: int) -> None:
    row = 30 * torch.randn(9, generator=torch.Generator().manual_seed(seed))

    prediction = to_prediction(row, tiny.config(classes=CODES))

    assert math.fsum(prediction["probabilities"].values()) == pytest.approx(1, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(0.5, 0.9**2 / (0.9**2 + 0.1**2)), (1.0, 0.9), (2.0, 0.75)],
)
def test_temperature_divides_the_logits(temperature: float, expected: float) -> None:
    settings = tiny.config(classes=("MEL", "NV"), temperature=temperature)

    prediction = to_prediction(logits(0.9, 0.1), settings)

    assert prediction["probabilities"]["MEL"] == pytest.approx(expected)


def test_a_code_that_stands_twice_is_summed() -> None:
    settings = tiny.config(classes=("BKL", "MEL", "BKL"))

    prediction = to_prediction(logits(0.3, 0.4, 0.3), settings)

    assert prediction["label"] == "BKL"
    assert prediction["probabilities"]["BKL"] == pytest.approx(0.6)
    assert prediction["probabilities"]["MEL"] == pytest.approx(0.4)


def test_a_code_the_model_has_no_output_for_gets_nothing() -> None:
    prediction = to_prediction(torch.zeros(8), tiny.config(classes=CODES[:-1]))

    assert prediction["probabilities"]["UNK"] == 0


@pytest.mark.parametrize("code", CODES)
def test_the_label_is_the_most_probable_code(code: str) -> None:
    row = torch.zeros(9)
    row[CODES.index(code)] = 1

    prediction = to_prediction(row, tiny.config(classes=CODES))

    assert prediction["label"] == code


def test_a_prediction_names_its_model() -> None:
    prediction = to_prediction(torch.zeros(9), tiny.config(classes=CODES))

    assert prediction["model"] == {"name": "skin_vit", "version": "1.0"}


@pytest.mark.parametrize("outputs", [7, 10])
def test_a_model_with_other_outputs_than_its_config_is_a_bug(outputs: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        to_prediction(torch.zeros(outputs), tiny.config(classes=CODES))
