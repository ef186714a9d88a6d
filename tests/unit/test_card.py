"""The model card: CLEAR Derm's items, with numbers where there are some and nothing invented."""

from functools import cache

import pytest

from tests.measured import Measured, measured
from train.evaluation.card import card, is_isic

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
    text = card(TRAINING, {})

    assert "CC BY-NC 4.0" in item(text, "Public images")
    assert "More than half" in item(text, "Histopathologic review")
    assert "neither HAM10000 nor ISIC 2019 has skin tone labels" in item(text, "Skin colour")


@pytest.mark.parametrize("data", ["/home/me/clinic", "generated drawings", None])
def test_nothing_is_claimed_of_other_data(data: str | None) -> None:
    training = {name: value for name, value in TRAINING.items() if name != "data"}

    text = card(training if data is None else training | {"data": data}, {})

    assert "CC BY" not in text
    assert "HAM10000" not in text
    assert "Not known" in item(text, "Skin colour")


@pytest.mark.parametrize(
    ("data", "expected"),
    [("data/isic2019", True), ("/x/ISIC_2019", True), ("HAM10000", True), ("data/isic", False)],
)
def test_isics_data_is_known_by_its_name(data: str, expected: bool) -> None:
    assert is_isic(data) is expected


def test_an_evaluation_on_the_validation_images_says_so() -> None:
    metrics = known().metrics
    facts = metrics["measured"] | {"is_training_runs_validation": True}

    text = card(TRAINING, metrics | {"measured": facts})

    assert "chose its epoch on these very images" in text
    assert item(text, "External test set").startswith("None")


def test_a_path_is_no_markdown() -> None:
    text = card(TRAINING | {"data": "a`b\n# c"}, {})

    assert "- **Training data.** `a b # c`" in text


def test_without_an_evaluation_the_card_says_so() -> None:
    text = card(TRAINING, {})

    assert "**Not evaluated**" in text
    assert item(text, "Performance") == "Not measured."
