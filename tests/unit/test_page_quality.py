"""What the page says of a picture's quality."""

import pytest

from handlers.answer import Quality
from streamlit_app import quality
from streamlit_app.answer import CHECKS, Check


@pytest.mark.parametrize(
    ("name", "value", "limit", "expected"),
    [
        ("sharpness", 3.14, (6.5,), "Sharpness: said (3.1; fine is at least 6.5)."),
        ("sharpness", 6.4996, (6.5,), "Sharpness: said (6.4996; fine is at least 6.5000)."),
        ("exposure", 0.19, (0.36, 0.87), "Exposure: said (0.19; fine is 0.36 to 0.87)."),
        ("size", 90.0, (160.0,), "Shorter side: said (90 pixels; fine is at least 160 pixels)."),
        ("border", 0.25, (0.02,), "Black border: said (25 %; fine is at most 2 %)."),
        ("skin", 0.322, (0.59,), "Skin: said (32 %; fine is at least 59 %)."),
    ],
)
def test_a_check_is_told_with_its_value_and_its_limit(
    name: str, value: float, limit: tuple[float, ...], expected: str
) -> None:
    check = Check(value=value, limit=limit, ok=False, verdict="said")

    assert quality.sentence(name, check).replace("\u00a0", " ") == expected


def test_the_summary_counts_what_is_fine() -> None:
    fine, other = (Check(value=1, limit=(1,), ok=ok, verdict="said") for ok in (True, False))

    told = quality.summary({"size": fine, "skin": other, "border": fine})

    assert told == "Picture quality: 2 of 3 checks are fine"


def test_every_check_of_the_core_has_words() -> None:
    assert tuple(quality.MEASURES) == CHECKS == tuple(Quality.__annotations__)
