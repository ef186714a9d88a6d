"""What the isic command line writes becomes dermoscopic images with ISIC 2019's categories."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from train.data.isic_download import category
from train.data.layouts import DataError, read

BENIGN, MALIGNANT = "Benign", "Malignant"
MELANOMA = "Malignant melanocytic proliferations (Melanoma)"
EPIDERMAL, MELANOCYTIC = "Benign epidermal proliferations", "Benign melanocytic proliferations"
VESSELS = "Benign soft tissue proliferations - Vascular"
FIBROUS = "Benign soft tissue proliferations - Fibro-histiocytic"
FOLLICULAR = "Malignant adnexal epithelial proliferations - Follicular"
SQUAMOUS = "Malignant epidermal proliferations"
UNSURE = "Indeterminate"

# diagnosis_1 to diagnosis_4 as the archive writes them.
HIERARCHY = [
    ((MALIGNANT, MELANOMA, "Melanoma, NOS"), "MEL"),
    ((MALIGNANT, MELANOMA, "Melanoma Invasive", "Melanoma Invasive, Nodular"), "MEL"),
    ((MALIGNANT, MELANOMA, "Melanoma in situ"), "MEL"),
    ((MALIGNANT, MELANOMA), "MEL"),
    ((MALIGNANT, MELANOMA, "Melanoma metastasis"), None),
    ((BENIGN, MELANOCYTIC, "Nevus"), "NV"),
    ((BENIGN, MELANOCYTIC, "Nevus", "Nevus, Spitz"), "NV"),
    ((BENIGN, MELANOCYTIC, "Lentigo simplex"), None),
    ((BENIGN, MELANOCYTIC), None),
    ((MALIGNANT, FOLLICULAR, "Basal cell carcinoma"), "BCC"),
    ((MALIGNANT, FOLLICULAR, "Baso-squamous carcinoma"), None),
    ((UNSURE, "Indeterminate epidermal proliferations", "Solar or actinic keratosis"), "AK"),
    ((UNSURE, "Indeterminate epidermal proliferations", "Solar or actinic cheilitis"), None),
    ((UNSURE, "Indeterminate melanocytic proliferations", "Atypical Spitz tumor"), None),
    ((BENIGN, EPIDERMAL, "Seborrheic keratosis"), "BKL"),
    ((BENIGN, EPIDERMAL, "Seborrheic keratosis", "Seborrheic keratosis, Clonal"), "BKL"),
    ((BENIGN, EPIDERMAL, "Pigmented benign keratosis"), "BKL"),
    ((BENIGN, EPIDERMAL, "Solar lentigo"), "BKL"),
    ((BENIGN, EPIDERMAL, "Lichen planus like keratosis"), "BKL"),
    ((BENIGN, EPIDERMAL, "Clear cell acanthoma"), "UNK"),
    ((BENIGN, EPIDERMAL), None),
    ((BENIGN, FIBROUS, "Dermatofibroma"), "DF"),
    ((BENIGN, FIBROUS, "Dermatofibroma", "Dermatofibroma, Cellular"), "DF"),
    ((BENIGN, FIBROUS, "Scar"), "UNK"),
    ((BENIGN, VESSELS, "Hemangioma"), "VASC"),
    ((BENIGN, VESSELS, "Angiokeratoma"), "VASC"),
    ((BENIGN, VESSELS, "Pyogenic granuloma"), "VASC"),
    ((BENIGN, "Hemorrhagic lesions", "Hemorrhage"), "VASC"),
    ((MALIGNANT, SQUAMOUS, "Squamous cell carcinoma, NOS"), "SCC"),
    ((MALIGNANT, SQUAMOUS, "Squamous cell carcinoma, Invasive"), "SCC"),
    ((MALIGNANT, SQUAMOUS, "Squamous cell carcinoma in situ"), "SCC"),
    ((MALIGNANT, SQUAMOUS, "Keratoacanthoma"), None),
    ((MALIGNANT, "Merkel cell proliferation", "Merkel cell carcinoma"), "UNK"),
    ((MALIGNANT, "Collision - At least one malignant proliferation"), None),
    ((BENIGN, "Cysts"), None),
    ((BENIGN,), None),
    ((), None),
]
FLAT = {
    "melanoma": "MEL", "nevus": "NV", "basal cell carcinoma": "BCC", "actinic keratosis": "AK",
    "solar lentigo": "BKL", "lichenoid keratosis": "BKL", "pigmented benign keratosis": "BKL",
    "dermatofibroma": "DF", "vascular lesion": "VASC", "squamous cell carcinoma": "SCC",
    "verruca": "UNK", "other": None, "lentigo NOS": None, "AIMP": None,
}  # fmt: skip


@pytest.mark.parametrize(("terms", "code"), HIERARCHY)
def test_the_archives_hierarchy_has_a_category_or_none(
    terms: tuple[str, ...], code: str | None
) -> None:
    row = {f"diagnosis_{level}": term.lower() for level, term in enumerate(terms, 1)}

    assert category(row) == code


@pytest.mark.parametrize(("term", "code"), FLAT.items())
def test_an_older_downloads_single_diagnosis_is_understood(term: str, code: str | None) -> None:
    assert category({"diagnosis": term.lower()}) == code


HEAD = (
    "isic_id,attribution,copyright_license,age_approx,anatom_site_general,diagnosis_1,diagnosis_2,"
    "diagnosis_3,image_type,lesion_id,patient_id,sex"
)
NEVUS = f"{BENIGN},{MELANOCYTIC},Nevus"
ONE = f"{HEAD}\nISIC_1,x,CC-0,45.0,lower extremity,{NEVUS},dermoscopic,IL_1,IP_1,female\n"


def downloaded(folder: Path, metadata: str, *images: str) -> Path:
    (folder / "metadata.csv").write_text(metadata)
    for image in images:
        (folder / image).touch()
    return folder


def test_a_download_gives_a_row_an_image_with_all_that_is_known(tmp_path: Path) -> None:
    bare = f"ISIC_2,x,CC-0,,,{MALIGNANT},{MELANOMA},Melanoma in situ,dermoscopic,,,\n"
    downloaded(tmp_path, ONE + bare, "ISIC_1.jpg", "ISIC_2.jpg", ".isic-partial.1.ISIC_3.jpg")

    table = read(tmp_path)

    assert table.drop(columns="age").to_dict("list") == {
        "image": ["ISIC_1", "ISIC_2"],
        "code": ["NV", "MEL"],
        "path": [str(tmp_path / "ISIC_1.jpg"), str(tmp_path / "ISIC_2.jpg")],
        "side": ["", ""],
        "lesion": ["IL_1", "ISIC_2"],
        "group": ["IL_1", "ISIC_2"],
        "sex": ["female", None],
        "site": ["lower extremity", None],
    }
    assert table["age"].iloc[0] == 45
    assert np.isnan(table["age"].iloc[1])


def test_the_sites_new_name_is_read_where_the_old_one_says_nothing(tmp_path: Path) -> None:
    head = HEAD.replace("image_type", "anatom_site_1,image_type")
    one = f"{head}\nISIC_1,x,CC-0,45,,{NEVUS},Trunk,dermoscopic,,,\n"
    two = f"ISIC_2,x,CC-0,45,lower extremity,{NEVUS},Limbs,dermoscopic,,,\n"
    (tmp_path / "older").mkdir()
    (tmp_path / "newer").mkdir()
    downloaded(tmp_path / "older", one + two, "ISIC_1.jpg", "ISIC_2.jpg")
    newer = (one + two).replace("anatom_site_general", "else")
    downloaded(tmp_path / "newer", newer, "ISIC_1.jpg", "ISIC_2.jpg")

    assert read(tmp_path / "older")["site"].tolist() == ["Trunk", "lower extremity"]
    assert read(tmp_path / "newer")["site"].tolist() == ["Trunk", "Limbs"]


def test_what_is_left_out_is_counted_by_diagnosis(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = pd.DataFrame(
        [
            ("a", BENIGN, MELANOCYTIC, "Nevus", "dermoscopic"),
            ("b", BENIGN, MELANOCYTIC, "Nevus", "clinical: close-up"),
            ("c", BENIGN, MELANOCYTIC, "Nevus", ""),
            ("d", BENIGN, "", "", "dermoscopic"),
            ("e", MALIGNANT, SQUAMOUS, "Keratoacanthoma", "dermoscopic"),
            ("f", MALIGNANT, SQUAMOUS, "Keratoacanthoma", "dermoscopic"),
            ("g", "", "", "", "dermoscopic"),
        ],
        columns=["isic_id", "diagnosis_1", "diagnosis_2", "diagnosis_3", "image_type"],
    )
    downloaded(tmp_path, rows.to_csv(index=False), *(f"{name}.jpg" for name in "abcdefg"))

    table = read(tmp_path)

    assert table["image"].tolist() == ["a"]
    assert caplog.messages == [
        "2 images in metadata.csv are not dermoscopic: left out",
        "4 images in metadata.csv have no category of ISIC 2019 and are left out:"
        " Keratoacanthoma 2, Benign 1, no diagnosis 1",
    ]


def test_absent_images_of_a_download_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    downloaded(tmp_path, ONE + ONE.splitlines()[1].replace("ISIC_1", "ISIC_2"), "ISIC_1.jpg")

    read(tmp_path)

    assert caplog.messages == ["1 of 2 images in the CSV are absent: ISIC_2"]


ROW = ONE.splitlines()[1]
BAD = {
    "no isic_id": (ONE.replace("isic_id", "name"), "no column isic_id"),
    "no diagnosis": (ONE.replace("diagnosis", "dx"), "no diagnosis_1"),
    "named twice": (ONE + ROW, "each image once"),
    "not named": (ONE + ROW.removeprefix("ISIC_1"), "each image once"),
    "no row": (HEAD + "\n", "names no dermoscopic image"),
    "none dermoscopic": (ONE.replace("dermoscopic", "TBP tile: close-up"), "names no dermoscopic"),
    "none with a category": (ONE.replace(NEVUS, "Benign,,"), "names no dermoscopic"),
    "all absent": (ONE.replace("ISIC_1", "ISIC_9"), "None of the 1 images"),
    "empty file": ("", r"metadata\.csv is no CSV"),
}


@pytest.mark.parametrize(("metadata", "says"), BAD.values(), ids=BAD)
def test_metadata_that_cannot_be_used_is_explained(
    tmp_path: Path, metadata: str, says: str
) -> None:
    downloaded(tmp_path, metadata, "ISIC_1.jpg")

    with pytest.raises(DataError, match=says):
        read(tmp_path)


def test_another_column_called_image_is_passed_over(tmp_path: Path) -> None:
    head, row = ONE.splitlines()[:2]
    downloaded(tmp_path, f"{head},image\n{row},another\n", "ISIC_1.jpg")

    assert read(tmp_path)["image"].tolist() == ["ISIC_1"]
