"""The model card: CLEAR Derm's items, with numbers where there are some and nothing invented."""

from copy import deepcopy
from typing import Any

import pytest
from jinja2 import UndefinedError

from tests.measured import FAITHFULNESS
from tests.unit.carded import TRAINING, item, known
from train.evaluation.card import can_be_told, card

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
    metrics = deepcopy(known().metrics)
    metrics["measured"]["left_out"]["trained_on"] = 0

    text = card(TRAINING | {"data": data}, metrics)

    assert item(text, "External test set").startswith("None: the evaluation is on held-out images")
    elsewhere = card(TRAINING | {"data": "data/other"}, metrics)
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
    assert (
        "number 10 is kept, the last that the run finished; its own validation images chose none."
        in text
    )


def test_the_card_says_how_faithful_the_maps_are() -> None:
    text = item(card(TRAINING, known().metrics), "Faithfulness of relevance maps")

    assert "the 20% of patches" in text
    assert "falls by 0.250 (mean of 64 images)" in text
    assert "Without random ones it falls by 0.050, less on 75% of the images." in text
    assert "attention rollout it falls by 0.125, less on 62% of the images." in text


def test_a_server_and_what_was_not_evaluated_have_no_maps() -> None:
    for metrics in known().metrics | {"faithfulness": None}, {}:
        text = card(TRAINING, metrics)

        assert item(text, "Faithfulness of relevance maps") == "Not measured."


def test_what_lacks_something_that_the_card_needs_is_known() -> None:
    metrics = known().metrics
    facts = metrics["measured"]
    out = facts["left_out"]
    # Without `measured` it is not known whose they are, though a card could be had.
    lacking = [without(metrics, key) for key in metrics if key != "measured"]
    lacking += [metrics | {"measured": without(facts, key)} for key in facts]
    for key in out:
        lacking.append(metrics | {"measured": facts | {"left_out": without(out, key)}})

    assert can_be_told(metrics)
    for one in lacking:
        assert can_be_told(one) == is_told(one)


def without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


def is_told(metrics: dict[str, Any]) -> bool:
    try:
        card(TRAINING, metrics)
    except UndefinedError:
        return False
    return True


def test_where_there_is_no_rollout_none_is_told() -> None:
    found = FAITHFULNESS | {"better_than_rollout": None, "mean_drop_rollout": None}

    text = card(TRAINING, known().metrics | {"faithfulness": found})

    assert "rollout" not in text


def test_a_path_is_no_markdown() -> None:
    text = card(TRAINING | {"data": "a`b\n# c"}, {})

    assert "- **Training data.** `a b # c`" in text


def test_a_group_splits_no_row() -> None:
    metrics = deepcopy(known().metrics)
    metrics["subgroups"]["site"][0]["group"] = "head|neck"

    text = card(TRAINING, metrics)

    assert r"| site: `head\|neck` | 32 |" in text


def test_without_an_evaluation_the_card_says_so() -> None:
    text = card(TRAINING, {})

    assert "**Not evaluated**" in text
    assert item(text, "Performance") == "Not measured."


def test_leaks_of_a_users_own_test_folder_are_in_the_card() -> None:
    leaky = TRAINING | {"leaked_lesions": 3, "leaked_groups": 4, "lesions_named": 90}

    partitions = item(card(leaky, {}, ("Train/nevus/ISIC_0000001.jpg",)), "Partitions")

    assert "share 3 lesions and 4 groups" in partitions
    assert "share no lesion" not in partitions


def test_lesions_that_nobody_named_are_not_said_to_be_apart() -> None:
    unnamed = TRAINING | {"leaked_lesions": 0, "leaked_groups": 0, "lesions_named": 0}

    partitions = item(card(unnamed, {}), "Partitions")

    assert "share no near-duplicate that a perceptual hash finds." in partitions
    assert "Which pictures show the same lesion the data does not say." in partitions


def test_data_in_which_training_images_were_found_is_no_external_set() -> None:
    metrics = deepcopy(known().metrics)
    metrics["measured"] |= {"data": "/moved", "is_training_runs_validation": False}
    metrics["measured"]["left_out"]["trained_on"] = 5

    external = item(card(TRAINING, metrics), "External test set")

    assert external.startswith("None: the evaluation is on held-out images of the training data")
