"""What people call the categories, in folders and lists of classes."""

import re

from handlers.categories import CODES

# By their letters in lower case, without spaces and signs.
CLASS_NAMES = {
    "melanoma": "MEL",
    "nevus": "NV",
    "naevus": "NV",
    "melanocyticnevus": "NV",
    "melanocyticnevi": "NV",
    "basalcellcarcinoma": "BCC",
    "actinickeratosis": "AK",
    "benignkeratosis": "BKL",
    "pigmentedbenignkeratosis": "BKL",
    "seborrheickeratosis": "BKL",
    "dermatofibroma": "DF",
    "vascularlesion": "VASC",
    "squamouscellcarcinoma": "SCC",
    "unknown": "UNK",
} | {code.lower(): code for code in CODES}


def letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())
