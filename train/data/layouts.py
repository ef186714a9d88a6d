"""The three layouts a user has -> one table of images.

Columns: image, path, code, side, lesion, group, age, sex and site. `path` is NaN where a table
names an image that is not there. `lesion` is never empty: an image without one stands for itself.
`side` is train, test or empty. `group` is what a split keeps together: the lesion, until
near-duplicates are known. Age in years is NaN, sex and site are None where they are not known.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from handlers.categories import CODES, WITHOUT_UNKNOWN
from train.data.class_names import CLASS_NAMES, letters
from train.data.files import images_below, is_hidden
from train.data.isic_download import MOST_SPECIFIC_FIRST, categorised

log = logging.getLogger(__name__)

NAMED_AT_MOST = 5
# What the official metadata and the archive's say of an image, in the same words.
SITE = "anatom_site_general"
DESCRIPTION = ("lesion_id", "age_approx", "sex", SITE)
# The general one of the sites that the archive writes since it has five, each within the last.
NEWER_SITE = "anatom_site_1"
# The challenge's own: an image that does not count has 0.
WEIGHT = "score_weight"


class DataError(Exception):
    """A data folder that can't be used; the text says what was looked for."""


def code_of(name: str) -> str:
    """The category a class is called by: its code or its name in words."""
    try:
        return CLASS_NAMES[letters(name)]
    except KeyError as error:
        raise DataError(
            f"{name!r} is no category of ISIC 2019: use {', '.join(CODES)} or the names in full."
        ) from error


def read(data: Path) -> pd.DataFrame:
    """The images that are there; raises DataError if none is."""
    return present(listed(data), data)


def listed(data: Path) -> pd.DataFrame:
    """All that are named, there or not.

    Paths are absolute: a training worker runs in a folder of its own.
    """
    data = data.resolve()
    if not data.is_dir():
        raise DataError(f"There is no folder {data}.")
    if any(data.glob("*GroundTruth.csv")):
        return read_isic(data)
    if (data / "Train").is_dir():
        return read_folders(data)
    if (data / "metadata.csv").is_file():
        return read_download(data)
    raise DataError(
        f"{data} has neither a *GroundTruth.csv (ISIC 2019), nor a folder Train, nor a"
        " metadata.csv (isic image download)."
    )


def read_isic(data: Path) -> pd.DataFrame:
    """The official CSVs with the images in any folder below `data`."""
    truth = pd.concat([read_csv(file) for file in sorted(data.glob("*GroundTruth.csv"))])
    if missing := [name for name in ("image", *WITHOUT_UNKNOWN) if name not in truth]:
        raise DataError(f"The ground truth in {data} has no column {', '.join(missing)}.")
    truth = counted(truth, data)
    codes = [code for code in CODES if code in truth]
    # A code's column is empty where another file of several has it and this one has not.
    marks = truth[codes].apply(pd.to_numeric, errors="coerce").fillna(0.0).to_numpy()
    one_each = np.isin(marks, (0.0, 1.0)).all() and (marks.sum(axis=1) == 1).all()
    if not one_each or not named_once(truth["image"]):
        raise DataError(f"The ground truth in {data} must name each image once, with one category.")
    table = pd.DataFrame(
        {"image": truth["image"], "code": np.array(codes, dtype=object)[marks.argmax(axis=1)]}
    )
    described_by = [pd.DataFrame({"image": []}, dtype=str)]
    for file in sorted(data.glob("*Metadata.csv")):
        metadata = read_csv(file)
        # The official test set's has no lesions, but then the patient.
        if "image" not in metadata or not any(name in metadata for name in DESCRIPTION):
            raise DataError(f"{file} has no column image or none of {', '.join(DESCRIPTION)}.")
        described_by.append(metadata)
    return described(located(table, data), pd.concat(described_by))


def counted(truth: pd.DataFrame, data: Path) -> pd.DataFrame:
    """Without the images that the challenge does not count."""
    if WEIGHT not in truth:
        return truth
    # Empty where another file of several has the column and this one has not.
    weights = pd.to_numeric(truth[WEIGHT], errors="coerce").fillna(1.0).to_numpy()
    if not np.isin(weights, (0.0, 1.0)).all():
        raise DataError(
            f"The ground truth in {data} has a {WEIGHT} that is neither 0 nor 1, and images are"
            " not weighed here: leave the column out."
        )
    if left_out := int((weights == 0).sum()):
        log.warning("%d images with a %s of 0 are left out", left_out, WEIGHT)
    kept: pd.DataFrame = truth.loc[weights == 1]
    return kept


def read_download(data: Path) -> pd.DataFrame:
    """What `isic image download` writes: metadata.csv beside <isic_id>.jpg."""
    file = data / "metadata.csv"
    metadata = read_csv(file)
    if "isic_id" in metadata:
        metadata = metadata.drop(columns="image", errors="ignore")
        metadata = metadata.rename(columns={"isic_id": "image"})
    if "image" not in metadata or not any(name in metadata for name in MOST_SPECIFIC_FIRST):
        raise DataError(f"{file} has no column isic_id or no diagnosis_1 to diagnosis_5.")
    if not named_once(metadata["image"]):
        raise DataError(f"{file} must name each image once.")
    metadata = categorised(metadata)
    if metadata.empty:
        raise DataError(f"{file} names no dermoscopic image with a category of ISIC 2019.")
    if NEWER_SITE in metadata:
        older = metadata[SITE] if SITE in metadata else pd.Series(index=metadata.index, dtype=str)
        metadata = metadata.assign(**{SITE: older.fillna(metadata[NEWER_SITE])})
    return described(located(metadata[["image", "code"]], data), metadata)


def read_csv(file: Path) -> pd.DataFrame:
    try:
        # Names and not numbers, so that 007 stays 007.
        return pd.read_csv(file, dtype=str)
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{file} is no CSV: {error}.") from error
    except OSError as error:
        raise DataError(f"{file} can't be read: {error.strerror}.") from error


def named_once(images: pd.Series) -> bool:
    return bool(images.notna().all() and images.is_unique)


def located(table: pd.DataFrame, data: Path) -> pd.DataFrame:
    names = set(table["image"])
    files = [file for file in images_below(data) if file.stem in names]
    paths = {file.stem: str(file) for file in files}
    if more := len(files) - len(paths):
        log.warning("%d files below %s go by the name of another: the last counts", more, data)
    return table.assign(path=table["image"].map(paths), side="")


def present(table: pd.DataFrame, data: Path) -> pd.DataFrame:
    absent = table.loc[table["path"].isna(), "image"].tolist()
    if len(absent) == len(table):
        raise DataError(f"None of the {len(table)} images named in the CSV is below {data}.")
    if absent:
        named = ", ".join(absent[:NAMED_AT_MOST]) + (", …" if absent[NAMED_AT_MOST:] else "")
        log.warning("%d of %d images in the CSV are absent: %s", len(absent), len(table), named)
    return table.dropna(subset=["path"]).reset_index(drop=True)


def described(table: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    # Of a column, the last that is not empty: one file of several may say what others leave out.
    known = metadata.reindex(columns=["image", *DESCRIPTION]).groupby("image").last()
    known = known.reindex(table["image"]).set_index(table.index)
    lesion = lesions(known["lesion_id"], table["image"])
    text = known[["sex", SITE]].astype(object)
    text = text.where(text.notna(), None)
    return table.assign(
        lesion=lesion,
        group=lesion,
        age=pd.to_numeric(known["age_approx"], errors="coerce").astype(float),
        sex=text["sex"],
        site=text[SITE],
    )


def lesions(named: pd.Series, images: pd.Series) -> pd.Series:
    """Each image's lesion; one that is not named is the image's own, and no other's."""
    known = [name.strip() if isinstance(name, str) else "" for name in named]
    taken = set(known)
    own = [f"image {image}" if image in taken else image for image in images]
    lesion = [name or image for name, image in zip(known, own, strict=True)]
    return pd.Series(lesion, index=images.index, dtype=object)


def read_folders(data: Path) -> pd.DataFrame:
    rows = []
    for side in ("Train", "Test"):
        folders = [path for path in (data / side).glob("*") if path.is_dir()]
        for folder in sorted(path for path in folders if not is_hidden(path.name)):
            code = code_of(folder.name)
            for file in images_below(folder):
                name = str(file.relative_to(data))
                rows.append((name, str(file), code, side.lower()))
    if not rows:
        raise DataError(f"There is no image in {data}/Train/<class>/.")
    table = pd.DataFrame(rows, columns=["image", "path", "code", "side"])
    return described(table, pd.DataFrame({"image": []}, dtype=str))


def read_unknown(folder: Path) -> pd.DataFrame:
    """All images below a folder, whose category is none of the model's."""
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    paths = images_below(folder.resolve())
    if not paths:
        raise DataError(f"There is no image in {folder}.")
    names = [str(path.relative_to(folder.resolve())) for path in paths]
    table = pd.DataFrame({"image": names, "path": [str(path) for path in paths], "code": "UNK"})
    return described(table.assign(side=""), pd.DataFrame({"image": []}, dtype=str))
