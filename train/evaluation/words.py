"""What the report and the card call categories, measures and numbers."""

import re
from collections import Counter
from typing import Any

NAMES = {
    "MEL": "Melanoma",
    "NV": "Melanocytic nevus",
    "BCC": "Basal cell carcinoma",
    "AK": "Actinic keratosis",
    "BKL": "Benign keratosis",
    "DF": "Dermatofibroma",
    "VASC": "Vascular lesion",
    "SCC": "Squamous cell carcinoma",
    "UNK": "None of the others",
}
TARGETS = {"MEL": "Melanoma (MEL)", "malignant": "Malignant (MEL, BCC or SCC)"}
MEASURES = {
    "auc": "AUC",
    "auc_sens_80": "AUC at sens. >\u00a080\u00a0%",
    "average_precision": "Average precision",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    # The same number as Dice.
    "f1": "F1 = Dice",
    "accuracy": "Accuracy",
}
# What isn't defined, or not known.
NONE = "–"


def number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def percent(share: float | None) -> str:
    return NONE if share is None else f"{share:.1%}"


def interval(score: dict[str, Any] | None) -> str:
    """A value with its 95 % interval."""
    if score is None:
        return NONE
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def faithful(found: dict[str, Any] | None) -> str:
    """What train.evaluation.faithfulness found, in plain text."""
    if found is None:
        return "Not measured."
    others = {"random ones": "random", "the top ones of attention rollout": "rollout"}
    compared = [
        f" Without {words} it falls by {found[f'mean_drop_{name}']:.3f},"
        f" less on {found[f'better_than_{name}']:.0%} of the images."
        for words, name in others.items()
        if found[f"mean_drop_{name}"] is not None
    ]
    return (
        f"Without the {found['deleted']:.0%} of patches that its map shows as the most relevant,"
        " filled with the picture's mean colour, the top output's probability falls by"
        f" {found['mean_drop']:.3f} (mean of {found['images']} images)." + "".join(compared)
    )


def answered_by(models: list[dict[str, Any]]) -> str:
    """What of an evaluation each of several models answered, the one that is measured first."""
    own, *others = models
    counts = [one["training_images"] for one in others]
    trained = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else f"{counts[0]}"
    return (
        f"this one (trained on {own['training_images']} images) answered {own['images']}, the"
        f" others (trained on {trained}) {sum(one['images'] for one in others)}{formats(models)}"
    )


def elsewhere(metrics: dict[str, Any]) -> str:
    """On which images doubt was cross-fitted, where these are not the evaluation's own."""
    doubt = metrics["doubt"]
    to_all = metrics["measured"].get("doubt_was_fitted_to_all", True)
    if to_all and doubt["images"] == metrics["images"]:
        return ""
    models = doubt.get("cross_validation", {}).get("models")
    by = f" by {models} models of its recipe" if models else ""
    return f", on {doubt['images']} images{by},"


def formats(models: list[dict[str, Any]]) -> str:
    """In which each model's steps were, where that is not the same for all."""
    found = Counter(one.get("precision") or "a format not recorded" for one in models)
    if len(found) == 1:
        return ""
    [(name, count), *others] = found.most_common()
    rest = "".join(f", {some} in {other}" for other, some in others)
    return f"; {count} of the models were trained in {name}{rest}"


def code(text: object) -> str:
    """Markdown in which nothing of a user's text has a meaning."""
    return "`" + re.sub(r"[`\s]+", " ", str(text)) + "`"
