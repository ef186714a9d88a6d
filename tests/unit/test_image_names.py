"""An image of the archive is known under whatever name it lies."""

import pandas as pd
import pytest

from train.data.names import among, archive_id, are_isic2019


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ISIC_0024306", "ISIC_0024306"),
        ("ISIC_0000002_downsampled", "ISIC_0000002"),
        ("Train/MEL/ISIC_0024306.jpg", "ISIC_0024306"),
        ("ISIC_00243061", None),
        ("MY_ISIC_0024306", None),
        ("Train/ISIC_2019/1.jpg", None),
        ("1.jpg", None),
    ],
)
def test_the_archives_id_is_found_in_a_name(name: str, expected: str | None) -> None:
    assert archive_id(name) == expected


def test_an_image_is_known_in_another_layout_and_no_other_is() -> None:
    images = pd.Series(
        ["Test/NV/ISIC_0000001.jpg", "ISIC_0000002_downsampled", "Train/NV/1.jpg", "2"]
    )

    found = among(images, ["ISIC_0000001", "Train/MEL/ISIC_0000002.png", "Test/NV/1.jpg", "2"])

    assert found.tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["ISIC_0000000", "ISIC_0073254"], True),
        (["ISIC_0000000", "ISIC_0073255"], False),
        (["ISIC_0000000", "b"], False),
        ([], False),
    ],
)
def test_isic_2019_is_told_by_all_ids(names: list[str], expected: bool) -> None:
    assert are_isic2019(names) is expected
