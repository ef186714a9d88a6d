"""A row of the `isic` command line's metadata.csv -> a category of ISIC 2019, or none.

The terms are the ISIC Archive's: diagnosis_1 (benign, malignant) down to diagnosis_5, each
within the one before, and the flat `diagnosis` of older downloads.
"""

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

log = logging.getLogger(__name__)

# diagnosis_1 last: it only says that nothing more is settled.
MOST_SPECIFIC_FIRST = (
    "diagnosis_5", "diagnosis_4", "diagnosis_3", "diagnosis_2", "diagnosis", "diagnosis_1",
)  # fmt: skip

# As ISIC 2019 drew them: lentigines of the sun and lichenoid keratoses are benign keratoses,
# Bowen's disease (carcinoma in situ) is SCC and not AK, haemorrhages are vascular
# like the archive's whole family of benign vessels.
CODE_OF = {
    "malignant melanocytic proliferations (melanoma)": "MEL",
    "melanoma": "MEL",
    "nevus": "NV",
    "nevus spilus": "NV",
    "basal cell carcinoma": "BCC",
    "solar or actinic keratosis": "AK",
    "actinic keratosis": "AK",
    "pigmented benign keratosis": "BKL",
    "seborrheic keratosis": "BKL",
    "solar lentigo": "BKL",
    "lichen planus like keratosis": "BKL",
    "lichenoid keratosis": "BKL",
    "dermatofibroma": "DF",
    "benign soft tissue proliferations - vascular": "VASC",
    "hemorrhagic lesions": "VASC",
    "vascular lesion": "VASC",
    "angioma": "VASC",
    "angiokeratoma": "VASC",
    "pyogenic granuloma": "VASC",
    "squamous cell carcinoma, invasive": "SCC",
    "squamous cell carcinoma in situ": "SCC",
    "squamous cell carcinoma, nos": "SCC",
    "squamous cell carcinoma": "SCC",
}

# Near relatives of the eight whose category ISIC 2019 doesn't settle, two lesions in one
# picture, and what nobody could tell: called UNK they would teach the model a border of ours.
UNSETTLED = {
    "melanoma metastasis",
    "baso-squamous carcinoma",
    "large cell acanthoma",
    "melanoacanthoma",
    "malignant epidermal proliferations",
    "benign melanocytic proliferations",
    "flat melanotic pigmentations - not melanocytic nevus",
    "collision - only benign proliferations",
    "collision - at least one malignant proliferation",
    "aimp",
    "atypical melanocytic proliferation",
    "atypical spitz tumor",
    "cafe-au-lait macule",
    "ephelis",
    "lentigo nos",
    "lentigo simplex",
    "mucosal melanosis",
    "other",
    "indeterminate",
}


def category(row: Mapping[str, str]) -> str | None:
    """`row` holds lower-case terms by column; UNK is a named diagnosis that is none of the eight.

    A family alone (diagnosis_2) or "benign" alone names no diagnosis.
    """
    for column in MOST_SPECIFIC_FIRST:
        term = row.get(column, "")
        if term in UNSETTLED:
            return None
        if term in CODE_OF:
            return CODE_OF[term]
    named = row.get("diagnosis_3") or row.get("diagnosis")
    return "UNK" if named else None


def records(terms: pd.DataFrame) -> list[dict[str, str]]:
    rows = terms.to_dict("records")
    return [{str(name): str(term) for name, term in row.items()} for row in rows]


def categorised(metadata: pd.DataFrame) -> pd.DataFrame:
    """Its dermoscopic rows that have a category, with a column `code`; the others are counted."""
    metadata = dermoscopic(metadata)
    columns = [name for name in MOST_SPECIFIC_FIRST if name in metadata]
    terms = metadata[columns].fillna("").map(str.strip)
    codes = np.array([category(row) for row in records(terms.map(str.lower))], dtype=np.object_)
    without = np.array([code is None for code in codes], dtype=bool)
    if without.any():
        names = [first_named(row) for row in records(terms.loc[without])]
        counts = pd.Series(names).value_counts().items()
        log.warning(
            "%d images in metadata.csv have no category of ISIC 2019 and are left out: %s",
            without.sum(),
            ", ".join(f"{name} {count}" for name, count in counts),
        )
    return metadata.assign(code=codes).loc[~without]


def first_named(row: Mapping[str, str]) -> str:
    return next((term for term in row.values() if term), "no diagnosis")


def dermoscopic(metadata: pd.DataFrame) -> pd.DataFrame:
    if "image_type" not in metadata:
        return metadata
    kept = metadata["image_type"].fillna("").str.strip().str.lower() == "dermoscopic"
    if not kept.all():
        log.warning("%d images in metadata.csv are not dermoscopic: left out", (~kept).sum())
    return metadata.loc[kept]
