"""Logits and a distance become an answer, whatever the model's own outputs are."""

import math

import pytest
import torch

from handlers.answer import Prediction
from handlers.categories import CODES, WITHOUT_UNKNOWN
from handlers.fitted import Rule, SetLimits, UnknownLimit
from handlers.model_config import ModelConfig
from handlers.postprocess import to_prediction
from handlers.quality import examine
from tests import tiny
from tests.images import lesion

QUALITY = examine(lesion(), lesion().size, tiny.config().quality, 32)
LIMIT = UnknownLimit(limit=100.0, scale=10.0)
FAR = 1e9


def logits(*shares: float) -> torch.Tensor:
    """Those whose softmax is `shares`."""
    return torch.tensor(shares, dtype=torch.float64).log()


def predicted(row: torch.Tensor, config: ModelConfig, distance: float = 0.0) -> Prediction:
    return to_prediction(row, distance, QUALITY, config)


def test_there_are_nine_probabilities_in_isics_order() -> None:
    backwards = tiny.config(classes=CODES[::-1])

    prediction = predicted(torch.arange(9.0), backwards)

    probabilities = list(prediction["probabilities"].values())
    assert tuple(prediction["probabilities"]) == CODES
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("distance", [0.0, 100.0, 130.0, FAR])
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("classes", [CODES, WITHOUT_UNKNOWN], ids=len)
def test_probabilities_sum_to_one(classes: tuple[str, ...], seed: int, distance: float) -> None:
    row = 30 * torch.randn(len(classes), generator=torch.Generator().manual_seed(seed))

    prediction = predicted(row, tiny.config(classes=classes, unknown=LIMIT), distance)

    assert math.fsum(prediction["probabilities"].values()) == pytest.approx(1, rel=0, abs=1e-12)
    assert min(prediction["probabilities"].values()) >= 0


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(0.5, 0.9**2 / (0.9**2 + 0.1**2)), (1.0, 0.9), (2.0, 0.75)],
)
def test_temperature_divides_the_logits(temperature: float, expected: float) -> None:
    settings = tiny.config(classes=("MEL", "NV"), temperature=temperature)

    prediction = predicted(logits(0.9, 0.1), settings)

    assert prediction["probabilities"]["MEL"] == pytest.approx(expected)


def test_a_pair_of_classes_changes_the_temperature_of_what_lies_between() -> None:
    # Twice as hot where it is between the two, each having half of it.
    by_pair = ((0.0, 2 * math.log(2)), (2 * math.log(2), 0.0))
    settings = tiny.config(classes=("MEL", "NV"), temperature_by_pair=by_pair)

    close, clear = (predicted(logits(p, 1 - p), settings)["probabilities"] for p in (0.51, 0.999))

    assert close["MEL"] == pytest.approx(0.505, abs=1e-4)
    assert clear["MEL"] == pytest.approx(0.999, abs=1e-4)


def test_a_code_that_stands_twice_is_summed() -> None:
    settings = tiny.config(classes=("BKL", "MEL", "BKL"))

    prediction = predicted(logits(0.3, 0.4, 0.3), settings)

    assert prediction["label"] == "BKL"
    assert prediction["probabilities"]["BKL"] == pytest.approx(0.6)
    assert prediction["probabilities"]["MEL"] == pytest.approx(0.4)


def test_a_code_the_model_has_no_output_for_gets_nothing() -> None:
    prediction = predicted(torch.zeros(8), tiny.config(classes=CODES[:-1]))

    assert prediction["probabilities"]["UNK"] == 0


@pytest.mark.parametrize("code", CODES)
def test_the_label_is_the_most_probable_code(code: str) -> None:
    row = torch.zeros(9)
    row[CODES.index(code)] = 1

    prediction = predicted(row, tiny.config(classes=CODES))

    assert prediction["label"] == code


def test_a_prediction_names_its_model_and_its_schema() -> None:
    prediction = predicted(torch.zeros(9), tiny.config(classes=CODES))

    assert prediction["model"] == {"name": "skin_vit", "version": "1.0"}
    assert prediction["schema"] == 2


@pytest.mark.parametrize("outputs", [7, 10])
def test_a_model_with_other_outputs_than_its_config_is_a_bug(outputs: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        predicted(torch.zeros(outputs), tiny.config(classes=CODES))


def test_what_was_not_fitted_is_null_and_the_pictures_quality_stays() -> None:
    prediction = predicted(torch.zeros(8), tiny.config(), FAR)

    assert prediction["unknown"] is None
    assert prediction["prediction_set"] is None
    assert prediction["referral"] is None
    assert prediction["quality"] == QUALITY


@pytest.mark.parametrize(
    ("distance", "expected"), [(100.0, 0.5), (110.0, 1 / (1 + math.exp(-1))), (0.0, 4.54e-5)]
)
def test_unk_takes_its_share_from_all_others(distance: float, expected: float) -> None:
    settings = tiny.config(classes=("MEL", "NV"), unknown=LIMIT)

    prediction = predicted(logits(0.75, 0.25), settings, distance)

    assert prediction["unknown"] == {
        "distance": distance,
        "limit": 100.0,
        "probability": pytest.approx(expected, rel=1e-3),
    }
    assert prediction["unknown"] is not None
    unknown = prediction["unknown"]["probability"]
    assert prediction["probabilities"]["UNK"] == unknown
    assert prediction["probabilities"]["MEL"] == pytest.approx(0.75 * (1 - unknown))
    assert prediction["probabilities"]["NV"] == pytest.approx(0.25 * (1 - unknown))


def test_an_output_for_unk_and_the_distance_are_added_up() -> None:
    settings = tiny.config(classes=("MEL", "UNK"), unknown=LIMIT)

    prediction = predicted(logits(0.6, 0.4), settings, 100.0)

    assert prediction["probabilities"]["UNK"] == pytest.approx(0.5 + 0.5 * 0.4)
    assert prediction["label"] == "UNK"


@pytest.mark.parametrize("distance", [-FAR, FAR])
def test_a_probability_of_unk_is_finite_at_any_distance(distance: float) -> None:
    prediction = predicted(torch.zeros(8), tiny.config(unknown=LIMIT), distance)

    assert prediction["unknown"] is not None
    assert prediction["unknown"]["probability"] == pytest.approx(float(distance > 0), abs=1e-9)


def test_however_far_a_picture_is_the_others_keep_their_order() -> None:
    settings = tiny.config(classes=("MEL", "NV"), unknown=LIMIT)

    probabilities = predicted(logits(0.25, 0.75), settings, FAR)["probabilities"]

    assert probabilities["NV"] == pytest.approx(3 * probabilities["MEL"])
    assert probabilities["NV"] > probabilities["MEL"] > 0
    assert math.fsum(probabilities.values()) == pytest.approx(1, abs=1e-15)


def codes(row: torch.Tensor, least: dict[str, float], distance: float = 0.0) -> list[str]:
    limits = SetLimits(coverage=0.9, least=least)
    settings = tiny.config(classes=("MEL", "NV", "BCC"), prediction_set=limits, unknown=LIMIT)
    found = predicted(row, settings, distance)["prediction_set"]
    assert found is not None
    assert found["coverage"] == 0.9
    return found["codes"]


def test_a_set_holds_what_reaches_its_limit_the_most_probable_first() -> None:
    row = logits(0.2, 0.5, 0.3)

    assert codes(row, {"MEL": 0.19, "NV": 0.1, "BCC": 0.31}) == ["NV", "MEL"]
    assert codes(row, {"MEL": 0.21, "NV": 0.1, "BCC": 0.29}) == ["NV", "BCC"]


def test_what_just_reaches_its_limit_is_in_the_set() -> None:
    row = logits(0.25, 0.5, 0.25)
    found = predicted(row, tiny.config(classes=("MEL", "NV", "BCC")))["probabilities"]

    assert codes(row, {"MEL": found["MEL"], "NV": 0.1, "BCC": 0.9}) == ["NV", "MEL"]


def test_a_set_is_never_empty() -> None:
    assert codes(logits(0.2, 0.5, 0.3), dict.fromkeys(("MEL", "NV", "BCC"), 1.0)) == ["NV"]


def test_unk_is_in_the_set_where_it_is_called_and_only_there() -> None:
    row, least = logits(0.2, 0.5, 0.3), dict.fromkeys(("MEL", "NV", "BCC"), 0.4)

    assert codes(row, least, distance=200.0) == ["UNK", "NV"]
    # At the limit UNK has a half, the others share the other one.
    assert codes(row, least, distance=100.0) == ["UNK", "NV"]
    assert codes(row, least, distance=80.0) == ["NV"]


def test_a_models_own_unk_has_its_place_in_the_order_too() -> None:
    classes = ("MEL", "NV", "UNK")
    limits = SetLimits(coverage=0.9, least=dict.fromkeys(classes, 0.05))
    settings = tiny.config(classes=classes, prediction_set=limits, unknown=LIMIT)

    found = predicted(logits(0.5, 0.1, 0.4), settings, 99.0)

    assert found["label"] == "UNK"
    assert found["prediction_set"] is not None
    assert found["prediction_set"]["codes"] == ["UNK", "MEL", "NV"]


def rule(threshold: float, *of: str) -> Rule:
    return Rule(name="r", codes=of, threshold=threshold, sensitivity=0.95, specificity=0.5)


@pytest.mark.parametrize(("threshold", "fired"), [(0.5, True), (math.nextafter(0.5, 1), False)])
def test_a_rule_fires_from_its_threshold_on(threshold: float, fired: bool) -> None:
    rules = (rule(threshold, "MEL", "BCC"), rule(1.0, "NV"))
    settings = tiny.config(classes=("MEL", "NV", "BCC", "SCC"), referral=rules)

    # Of equal logits each share is exactly a quarter.
    referral = predicted(torch.zeros(4), settings)["referral"]

    assert referral is not None
    first, second = referral["rules"]
    assert first == {
        "name": "r",
        "codes": ["MEL", "BCC"],
        "value": 0.5,
        "threshold": threshold,
        "fired": fired,
        "sensitivity": 0.95,
        "specificity": 0.5,
    }
    assert not second["fired"]
    assert referral["refer"] is fired


def test_a_rule_leaves_unk_aside() -> None:
    settings = tiny.config(classes=("MEL", "NV"), referral=(rule(0.5, "MEL"),), unknown=LIMIT)

    prediction = predicted(logits(0.75, 0.25), settings, FAR)

    assert prediction["label"] == "UNK"
    assert prediction["referral"] is not None
    assert prediction["referral"]["rules"][0]["value"] == pytest.approx(0.75)
    assert prediction["referral"]["refer"]
