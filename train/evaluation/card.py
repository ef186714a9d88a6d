"""The model card: what a model is and is worth, under the headings of CLEAR Derm."""

from collections.abc import Collection
from typing import Any

from handlers.categories import CODES
from train.data.names import are_isic2019
from train.evaluation import words
from train.evaluation.templates import rendered

NOT_KNOWN = "not known"
GENERATED = "generated drawings"
# What metrics.json must have for a card, what its `measured` must have, and that one's `left_out`.
NEEDED = {
    "images",
    "lesions",
    "balanced_accuracy",
    "balanced_accuracy_of_known",
    "per_class",
    "calibration",
    "operating_points",
    "subgroups",
}
NEEDED_MEASURED = {
    "checkpoint_sha256",
    "data",
    "images_sha256",
    "commit",
    "date",
    "is_training_runs_validation",
    "left_out",
}
NEEDED_LEFT_OUT = {"training_images_known", "trained_on", "siblings"}


def can_be_told(metrics: dict[str, Any]) -> bool:
    """Whether metrics.json, of which older ones had less, has what a card needs."""
    facts = metrics.get("measured", {})
    return (
        metrics.keys() >= NEEDED
        and facts.keys() >= NEEDED_MEASURED
        and facts["left_out"].keys() >= NEEDED_LEFT_OUT
    )


def card(
    training: dict[str, Any],
    metrics: dict[str, Any],
    trained_on: Collection[str] = (),
    doubt: dict[str, Any] | None = None,
) -> str:
    """Markdown, from a checkpoint's `training` and metrics.json; {} where there is none.

    `doubt` is what the checkpoint says of what was fitted, for where no evaluation tells it. Where
    the data comes from is told by the names of the images it was trained on. The items are those of
    Daneshjou et al., JAMA Dermatol. 158, 90 (2022).
    """
    data = str(training.get("data", NOT_KNOWN))
    values = {
        "t": training,
        "m": metrics,
        "measured": metrics.get("measured", {}),
        "d": metrics.get("doubt") or doubt,
        "data": data,
        "is_isic": are_isic2019(trained_on),
        "is_generated": data == GENERATED,
        "codes": CODES,
        "names": words.NAMES,
        "targets": words.TARGETS,
        "unknown": NOT_KNOWN,
    }
    return rendered("card.md.jinja", values)
