"""The model card: CLEAR Derm's items, with numbers where there are some and nothing invented."""

from functools import cache

import pytest

from tests.measured import DOUBT, FAITHFULNESS, Measured, measured
from train.evaluation.card import card

TRAINING: dict[str, str | int | float] = {
    "command": "python -m train.run --data data/isic2019",
    "commit": "f" * 40,
    "data": "data/isic2019",
    "training_images": 4799,
    "validation_images": 1201,
    "split_sha256": "a" * 64,
    "epoch": 10,
    "balanced_accuracy": 0.6495,
}
HEADINGS = ["Data", "Technique", "Technical assessment", "Application"]
ITEMS = [
    "Image types", "Artefacts", "Technical acquisition", "Preprocessing", "Synthetic images",
    "Public images", "Patient-level metadata", "Skin colour", "Potential biases", "Partitions",
    "Sample sizes", "External test set", "Images from several vendors", "Class distribution",
    "Out-of-distribution images", "Labelling", "Diagnostic labels", "Histopathologic review",
    "Development of the algorithm", "Public evaluation", "Performance",
    "Benchmarking and comparison", "Bias assessment", "Use cases and target conditions",
    "Impact on the healthcare team and patients",
]  # fmt: skip


@cache
def known() -> Measured:
    return measured()


def item(text: str, name: str) -> str:
    """What the card says under an item."""
    return text.split(f"**{name}.**")[1].split("\n- **")[0].split("\n## ")[0].strip()


@pytest.mark.parametrize("training", [TRAINING, {}], ids=["trained here", "unknown"])
@pytest.mark.parametrize("evaluated", [True, False])
def test_every_item_of_clear_derm_is_answered(
    training: dict[str, str | int | float], evaluated: bool
) -> None:
    text = card(training, known().metrics if evaluated else {})

    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == HEADINGS
    assert [name for name in ITEMS if not item(text, name)] == []


@pytest.mark.parametrize(
    ("more", "said"),
    [({"precision": "bf16"}, "`, its steps in bf16. Of"), ({}, "`. Of its epochs")],
)
def test_the_format_of_its_steps_is_told_where_it_is_known(more: dict[str, str], said: str) -> None:
    development = item(card(TRAINING | more, known().metrics), "Development of the algorithm")

    assert f"at commit `{'f' * 40}{said}" in development


def test_the_numbers_are_those_of_the_evaluation() -> None:
    metrics = known().metrics
    score, melanoma = metrics["balanced_accuracy"], metrics["per_class"]["MEL"]

    text = card(TRAINING, metrics)

    assert f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})" in text
    assert f"| MEL | {melanoma['images']} | {melanoma['auc']:.3f} |" in text
    assert "64 images of 32 lesions" in text
    assert "| UNK |" not in text
    assert "9 training images were left out, with 4 that share" in text


def test_groups_with_few_images_have_no_number() -> None:
    text = card(TRAINING, known().metrics)

    assert "| age: `80+` | 24 | 12 | too few |" in text
    assert "| site: `head/neck` | 32 |" in text


def test_the_licence_is_told_where_the_data_is_isics() -> None:
    text = card(TRAINING, {}, ["ISIC_0024306", "ISIC_0000002_downsampled"])

    assert "CC BY-NC 4.0" in item(text, "Public images")
    assert "More than half" in item(text, "Histopathologic review")
    assert "neither HAM10000 nor ISIC 2019 has skin tone labels" in item(text, "Skin colour")


@pytest.mark.parametrize(
    "data", ["/home/me/clinic", "/ham10000/isic2019", "generated drawings", None]
)
@pytest.mark.parametrize("trained_on", [(), ("ISIC_0024306", "patient_7")])
def test_nothing_is_claimed_of_other_data(data: str | None, trained_on: tuple[str, ...]) -> None:
    training = {name: value for name, value in TRAINING.items() if name != "data"}

    text = card(training if data is None else training | {"data": data}, {}, trained_on)

    assert "CC BY" not in text
    assert "HAM10000" not in text
    assert "Not known" in item(text, "Skin colour")


def test_an_evaluation_on_the_validation_images_says_so() -> None:
    metrics = known().metrics
    facts = metrics["measured"] | {"is_training_runs_validation": True, "chose_epoch": True}

    text = card(TRAINING, metrics | {"measured": facts})

    assert "The training run chose its epoch on these very images" in text
    assert item(text, "External test set").startswith("None")


@pytest.mark.parametrize("data", ["data/isic2019", "data/isic2019/"])
def test_held_out_images_of_the_training_data_are_no_external_set(data: str) -> None:
    text = card(TRAINING | {"data": data}, known().metrics)

    assert item(text, "External test set").startswith("None: the evaluation is on held-out images")
    elsewhere = card(TRAINING | {"data": "data/other"}, known().metrics)
    assert item(elsewhere, "External test set").startswith("The evaluation is on `data/isic2019`")


def test_a_cross_validation_is_told_beside_the_held_out_part() -> None:
    metrics = known().metrics
    found = {
        "models": 5,
        "images": 6000,
        "lesions": 4519,
        "balanced_accuracy": {"value": 0.75, "low": 0.7, "high": 0.8},
        "fewest_training_images": 4799,
    }

    text = card(TRAINING, metrics | {"doubt": metrics["doubt"] | {"cross_validation": found}})

    head = text.split("## Data")[0]
    assert "by 5 models of its recipe, trained on 4799 images or more, on the images" in head
    assert "0.750 (0.700 to 0.800),\non 6000 images of 4519 lesions" in head
    assert "the one of 5 models of this recipe" in item(text, "Calibration")
    assert "Cross-validated" not in card(TRAINING, metrics).split("## Data")[0]


def test_an_evaluation_by_several_models_is_the_cross_validation() -> None:
    metrics = known().metrics
    models = [{"training_images": 20, "images": 24}, {"training_images": 30, "images": 40}]
    told = {
        "answered_by": models,
        "is_training_runs_validation": True,
        "doubt_was_fitted_to_these": True,
        "chose_epoch": True,
    }
    facts = metrics["measured"] | told
    found = {"models": 2, "images": 64, "lesions": 32, "balanced_accuracy": {}}
    doubt = metrics["doubt"] | {"cross_validation": found}

    text = card(TRAINING, metrics | {"measured": facts, "doubt": doubt})

    head = " ".join(text.split("## Data")[0].split())
    assert "the one of 2 models of its recipe that was not trained on it nor on another" in head
    assert "(trained on 20 images) answered 24, the others (trained on 30) 40." in head
    assert "Cross-validated" not in head
    assert "One of them or more chose its epoch on these very images" in head
    assert (
        "Cross-fitted it calls 3.0% of such pictures UNK, which leaves 0.719 (0.688 to 0.750)."
        in head
    )
    assert "No model was asked for a picture of a lesion" in item(text, "Partitions")
    assert "fitted to these images too" in item(text, "Performance")


def test_the_last_epoch_was_chosen_by_no_image() -> None:
    metrics = known().metrics
    facts = metrics["measured"] | {"is_training_runs_validation": True}

    text = card(TRAINING | {"keep": "last"}, metrics | {"measured": facts})

    assert "chose" not in text.split("## Data")[0]
    assert "number 10 is kept, the last; validation images chose none." in text


def test_the_card_says_how_faithful_the_maps_are() -> None:
    text = item(card(TRAINING, known().metrics), "Faithfulness of relevance maps")

    assert "the 20% of patches" in text
    assert "falls by 0.250 (mean of 64 images)" in text
    assert "Without random ones it falls by 0.050, less on 75% of the images." in text
    assert "attention rollout it falls by 0.125, less on 62% of the images." in text


def test_a_server_and_an_old_evaluation_have_no_maps() -> None:
    server = known().metrics | {"faithfulness": None}
    old = {key: value for key, value in server.items() if key != "faithfulness"}

    for metrics in server, old:
        text = card(TRAINING, metrics)

        assert item(text, "Faithfulness of relevance maps") == "Not measured."


def test_where_there_is_no_rollout_none_is_told() -> None:
    found = FAITHFULNESS | {"better_than_rollout": None, "mean_drop_rollout": None}

    text = card(TRAINING, known().metrics | {"faithfulness": found})

    assert "rollout" not in text


def test_a_path_is_no_markdown() -> None:
    text = card(TRAINING | {"data": "a`b\n# c"}, {})

    assert "- **Training data.** `a b # c`" in text


def test_without_an_evaluation_the_card_says_so() -> None:
    text = card(TRAINING, {})

    assert "**Not evaluated**" in text
    assert item(text, "Performance") == "Not measured."


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
