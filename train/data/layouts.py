"""The two layouts a user has -> one table: image, path, code, lesion, side.

`lesion` is never empty: an image without one stands for itself. `side` is train, test or empty.
"""

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from handlers.categories import CODES, WITHOUT_UNKNOWN

log = logging.getLogger(__name__)

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
NAMED_AT_MOST = 5

# Folder names in use, lower case without spaces and signs, beside the codes themselves.
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


class DataError(Exception):
    """A data folder that can't be used; the text says what was looked for."""


def code_of(name: str) -> str:
    """The category a class is called by: its code or its name in words."""
    try:
        return CLASS_NAMES[re.sub("[^a-z]", "", name.lower())]
    except KeyError as error:
        raise DataError(
            f"{name!r} is no category of ISIC 2019: use {', '.join(CODES)} or the names in full."
        ) from error


def read(data: Path) -> pd.DataFrame:
    """Paths in the table are absolute: a training worker runs in a folder of its own."""
    data = data.resolve()
    if not data.is_dir():
        raise DataError(f"There is no folder {data}.")
    if any(data.glob("*GroundTruth.csv")):
        return read_isic(data)
    if (data / "Train").is_dir():
        return read_folders(data)
    raise DataError(f"{data} has neither a *GroundTruth.csv (ISIC 2019) nor a folder Train.")


def read_isic(data: Path) -> pd.DataFrame:
    """The official CSVs with the images in any folder below `data`."""
    truth = pd.concat([read_csv(file) for file in sorted(data.glob("*GroundTruth.csv"))])
    if missing := [name for name in ("image", *WITHOUT_UNKNOWN) if name not in truth]:
        raise DataError(f"The ground truth in {data} has no column {', '.join(missing)}.")
    codes = [code for code in CODES if code in truth]
    # A code's column is empty where another file of several has it and this one has not.
    marks = truth[codes].apply(pd.to_numeric, errors="coerce").fillna(0.0).to_numpy()
    one_each = np.isin(marks, (0.0, 1.0)).all() and (marks.sum(axis=1) == 1).all()
    if not one_each or truth["image"].duplicated().any():
        raise DataError(f"The ground truth in {data} must name each image once, with one category.")
    table = pd.DataFrame(
        {"image": truth["image"], "code": np.array(codes, dtype=object)[marks.argmax(axis=1)]}
    )
    lesions: dict[str, str] = {}
    for file in sorted(data.glob("*Metadata.csv")):
        metadata = read_csv(file)
        if missing := [name for name in ("image", "lesion_id") if name not in metadata]:
            raise DataError(f"{file} has no column {', '.join(missing)}.")
        metadata = metadata.dropna(subset=["lesion_id"])
        lesions |= dict(zip(metadata["image"], metadata["lesion_id"], strict=True))
    paths = {file.stem: str(file) for file in sorted(data.rglob("*")) if is_image(file)}
    table["path"] = [paths.get(image) for image in table["image"]]
    table["lesion"] = [lesions.get(image, image) for image in table["image"]]
    table["side"] = ""
    return present(table, data)


def read_csv(file: Path) -> pd.DataFrame:
    try:
        # Names and not numbers, so that 007 stays 007.
        return pd.read_csv(file, dtype={"image": str, "lesion_id": str})
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{file} is no CSV: {error}.") from error


def present(table: pd.DataFrame, data: Path) -> pd.DataFrame:
    absent = table.loc[table["path"].isna(), "image"].tolist()
    if len(absent) == len(table):
        raise DataError(f"None of the {len(table)} images named in the CSV is below {data}.")
    if absent:
        named = ", ".join(absent[:NAMED_AT_MOST]) + (", …" if absent[NAMED_AT_MOST:] else "")
        log.warning("%d of %d images in the CSV are absent: %s", len(absent), len(table), named)
    return table.dropna(subset=["path"]).reset_index(drop=True)


def read_folders(data: Path) -> pd.DataFrame:
    rows = []
    for side in ("Train", "Test"):
        for folder in sorted(path for path in (data / side).glob("*") if path.is_dir()):
            code = code_of(folder.name)
            for file in sorted(path for path in folder.rglob("*") if is_image(path)):
                name = str(file.relative_to(data))
                rows.append((name, str(file), code, name, side.lower()))
    if not rows:
        raise DataError(f"There is no image in {data}/Train/<class>/.")
    return pd.DataFrame(rows, columns=["image", "path", "code", "lesion", "side"])


def is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
