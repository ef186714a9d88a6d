"""The model card: what a model is and is worth, under the headings of CLEAR Derm."""

import re
from typing import Any

from handlers.categories import CODES
from train.evaluation import words
from train.evaluation.templates import rendered

NOT_KNOWN = "not known"
GENERATED = "generated drawings"
# By its folder's name, as nothing else says which data it is.
ISIC = re.compile("isic2019|ham10000")


def card(training: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Markdown, from a checkpoint's `training` and metrics.json; {} where there is none.

    The items are those of Daneshjou et al., JAMA Dermatol. 158, 90 (2022).
    """
    data = str(training.get("data", NOT_KNOWN))
    values = {
        "t": training,
        "m": metrics,
        "measured": metrics.get("measured", {}),
        "d": metrics.get("doubt"),
        "data": data,
        "is_isic": is_isic(data),
        "is_generated": data == GENERATED,
        "codes": CODES,
        "names": words.NAMES,
        "targets": words.TARGETS,
        "unknown": NOT_KNOWN,
    }
    return rendered("card.md.jinja", values)


def is_isic(data: str) -> bool:
    return bool(ISIC.search(re.sub("[^a-z0-9]", "", data.lower())))
