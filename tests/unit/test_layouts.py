"""The three layouts a user has become one table, and what can't be used is named."""

import logging
from pathlib import Path

import pytest

from tests.conftest import REAL_DATA
from tests.unit.laid_out import fill, records
from train.data.files import images_below
from train.data.layouts import DataError, listed, read

ISIC = REAL_DATA / "isic2019"
HEAD = "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC"
MEL, NV, SCC, NONE = ",1,0,0,0,0,0,0,0\n", ",0,1,0,0,0,0,0,0\n", ",0,0,0,0,0,0,0,1\n", ",0" * 8
TRUTH = f"{HEAD}\na{MEL}"


def test_csvs_give_code_lesion_and_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ("a.jpg", "deep/er/b.PNG", "deep/c.jpeg")
    truth = f"{HEAD},UNK\na,1{',0' * 8}\nb{SCC[:-1]},0\nc{NONE},1\n"
    metadata = (
        "image,sex,lesion_id,age_approx,anatom_site_general\n"
        "a,male,L1,45,head/neck\nb,female,,85.0,\nc,,L2,,palms/soles\n"
    )
    fill(tmp_path, *images, GroundTruth=truth, Metadata=metadata)
    monkeypatch.chdir(tmp_path)

    table = read(Path())

    assert records(table) == {
        "image": ["a", "b", "c"],
        "code": ["MEL", "SCC", "UNK"],
        "path": [str(tmp_path / image) for image in images],
        "lesion": ["L1", "b", "L2"],
        "group": ["L1", "b", "L2"],
        "side": ["", "", ""],
        "age": [45.0, 85.0, None],
        "sex": ["male", "female", None],
        "site": ["head/neck", None, "palms/soles"],
    }


def test_without_metadata_each_image_stands_for_itself(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "b.jpg", GroundTruth=f"{TRUTH}b{NV}")

    table = read(tmp_path)

    assert table["lesion"].tolist() == ["a", "b"]


def test_several_ground_truths_are_one_table(tmp_path: Path) -> None:
    more = f"{HEAD},UNK\nb{NONE},1\n"
    lesions = "image,lesion_id\na,L1\n"
    fill(tmp_path, "a.jpg", "b.jpg", GroundTruth=TRUTH, Metadata=lesions, more_GroundTruth=more)

    table = read(tmp_path)

    assert table[["image", "code"]].to_numpy().tolist() == [["a", "MEL"], ["b", "UNK"]]


def test_a_second_metadata_file_adds_and_takes_nothing_away(tmp_path: Path) -> None:
    fill(
        tmp_path, "a.jpg", "b.jpg", GroundTruth=f"{TRUTH}b{NV}",
        Metadata="image,lesion_id\na,L1\nb,L2\n", more_Metadata="image,age_approx\na,30\n",
    )  # fmt: skip

    table = read(tmp_path)

    assert table["lesion"].tolist() == ["L1", "L2"]
    assert table["age"].iloc[0] == 30


def test_the_official_test_sets_metadata_has_no_lesions(tmp_path: Path) -> None:
    metadata = "image,age_approx,anatom_site_general,sex\na,30,head/neck,male\n"
    fill(tmp_path, "a.jpg", GroundTruth=TRUTH, Metadata=metadata)

    table = read(tmp_path)

    assert table[["lesion", "sex"]].to_numpy().tolist() == [["a", "male"]]


def test_leading_zeros_belong_to_an_image_name(tmp_path: Path) -> None:
    lesions = "image,lesion_id\n007,L1\n010,L2\n"
    fill(tmp_path, "007.jpg", "010.jpg", GroundTruth=f"{HEAD}\n007{MEL}010{NV}", Metadata=lesions)

    table = read(tmp_path)

    assert table[["image", "lesion"]].to_numpy().tolist() == [["007", "L1"], ["010", "L2"]]


def test_absent_images_are_counted_and_named_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = "".join(f"i{number}{NV}" for number in range(8))
    fill(tmp_path, "i0.jpg", GroundTruth=f"{HEAD}\n{rows}", Metadata="image,lesion_id\ni0,L\n")

    table = read(tmp_path)

    assert table["image"].tolist() == ["i0"]
    assert caplog.messages == ["7 of 8 images in the CSV are absent: i1, i2, i3, i4, i5, …"]


def test_absent_images_are_listed_with_their_lesions(tmp_path: Path) -> None:
    lesions = "image,lesion_id\na,L1\nb,L1\n"
    fill(tmp_path, "b.jpg", GroundTruth=f"{TRUTH}b{NV}", Metadata=lesions)

    table = listed(tmp_path)

    assert table[["image", "lesion"]].to_numpy().tolist() == [["a", "L1"], ["b", "L1"]]
    assert table["path"].isna().tolist() == [True, False]


def test_folders_that_are_linked_to_are_looked_into_once(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    fill(elsewhere, "deep/a.jpg")
    (data / "images").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(data)
    (data / "Some_GroundTruth.csv").write_text(TRUTH)

    table = read(data)

    assert table["path"].tolist() == [str(data / "images" / "deep" / "a.jpg")]
    assert len(images_below(data)) == 1


def test_a_name_that_two_files_go_by_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, "large/a.jpg", "small/a.png", "large/b.jpg", "small/b.jpg", GroundTruth=TRUTH)

    table = read(tmp_path)

    assert table["path"].tolist() == [str(tmp_path / "small" / "a.png")]
    assert caplog.messages == [
        f"1 files below {tmp_path} go by the name of another: the last counts"
    ]


def test_an_image_that_the_challenge_does_not_count_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    truth = f"{HEAD},score_weight\na{MEL[:-1]},1\nb{NONE},0\nc{NV[:-1]},1.0\n"
    fill(tmp_path, "a.jpg", "b.jpg", "c.jpg", GroundTruth=truth)

    table = read(tmp_path)

    assert table["image"].tolist() == ["a", "c"]
    assert caplog.messages == ["1 images with a score_weight of 0 are left out"]


ONE_CATEGORY = "each image once, with one category"
BAD = {
    "all images absent": ({"GroundTruth": f"{HEAD}\nx{MEL}y{NV}"}, "None of the 2 images"),
    "no category": ({"GroundTruth": f"{HEAD}\na{NONE}\n"}, ONE_CATEGORY),
    "two categories": ({"GroundTruth": f"{HEAD}\na,1,1,0,0,0,0,0,0\n"}, ONE_CATEGORY),
    "half categories": ({"GroundTruth": f"{HEAD}\na,.5,.5,0,0,0,0,0,0\n"}, ONE_CATEGORY),
    "negative": ({"GroundTruth": f"{HEAD}\na,2,-1,0,0,0,0,0,0\n"}, ONE_CATEGORY),
    "empty cells": ({"GroundTruth": f"{HEAD}\na,,,,,,,,\n"}, ONE_CATEGORY),
    "words": ({"GroundTruth": f"{HEAD}\na,yes,0,0,0,0,0,0,0\n"}, ONE_CATEGORY),
    "weighed": ({"GroundTruth": f"{HEAD},score_weight\na{MEL[:-1]},0.5\n"}, "neither 0 nor 1"),
    "named twice": ({"GroundTruth": f"{TRUTH}a{MEL}"}, ONE_CATEGORY),
    "no SCC": ({"GroundTruth": TRUTH.replace(",SCC", ",else")}, "no column SCC"),
    "no image": ({"GroundTruth": TRUTH.replace("image", "file")}, "no column image"),
    "named nowhere": ({"GroundTruth": f"{TRUTH}{MEL}"}, ONE_CATEGORY),
    "no lesion_id": ({"GroundTruth": TRUTH, "Metadata": "image,age\na,1\n"}, "lesion_id"),
    "no image in metadata": ({"GroundTruth": TRUTH, "Metadata": "x,lesion_id\na,1\n"}, "image"),
    "empty CSV": ({"GroundTruth": ""}, "Some_GroundTruth.csv is no CSV"),
    "torn CSV": ({"GroundTruth": 'a,b\n1\n"'}, "Some_GroundTruth.csv is no CSV"),
    "text": ({"GroundTruth": "hello"}, "no column image, MEL, NV"),
}


@pytest.mark.parametrize(("csvs", "says"), BAD.values(), ids=BAD)
def test_csvs_that_cannot_be_used_are_explained(
    tmp_path: Path, csvs: dict[str, str], says: str
) -> None:
    fill(tmp_path, "a.jpg", **csvs)

    with pytest.raises(DataError, match=says):
        read(tmp_path)


def test_a_picture_called_csv_is_explained(tmp_path: Path) -> None:
    (tmp_path / "Some_GroundTruth.csv").write_bytes(b"\xff\xd8\xff\xe0\x00")

    with pytest.raises(DataError, match=r"Some_GroundTruth\.csv is no CSV"):
        read(tmp_path)


@pytest.mark.skipif(not ISIC.is_dir(), reason=f"the real CSVs are not at {ISIC}")
def test_the_real_csvs_give_the_images_that_are_there(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    table = read(ISIC)

    assert len(table) == 6_000
    assert [message.split(":")[0] for message in caplog.messages] == [
        f"{25_331 - 6_000} of 25331 images in the CSV are absent"
    ]
    assert table["code"].value_counts().to_dict() == {
        "MEL": 1113, "NV": 2690, "BCC": 514, "AK": 130, "BKL": 1099, "DF": 115, "VASC": 142,
        "SCC": 197,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("nowhere", "There is no folder"),
        (".", r"neither a \*GroundTruth.csv .* nor a folder Train, nor a metadata.csv"),
        ("empty classes", "no image in .*Train"),
    ],
)
def test_a_folder_without_data_is_explained(tmp_path: Path, folder: str, says: str) -> None:
    (tmp_path / "empty classes" / "Train" / "Melanoma").mkdir(parents=True)

    with pytest.raises(DataError, match=says):
        read(tmp_path / folder)


def test_a_lesion_without_a_name_is_nobody_elses(tmp_path: Path) -> None:
    fill(
        tmp_path,
        *("1.jpg", "2.jpg", "3.jpg", "4.jpg"),
        GroundTruth=f"{HEAD}\n1{NV}2{NV}3{NV}4{NV}",
        Metadata="image,lesion_id\n1,2\n2,\n3, \n4, \n",
    )

    table = read(tmp_path)

    assert table["lesion"].tolist() == ["2", "image 2", "3", "4"]


def test_a_csv_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg")
    (tmp_path / "Some_GroundTruth.csv").mkdir()

    with pytest.raises(DataError, match=r"Some_GroundTruth\.csv can't be read: Is a directory"):
        read(tmp_path)
