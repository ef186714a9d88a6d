"""Which parts of an answer are on the page, and which stand out."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.unit import page_answers


def shown(**changes: Any) -> AppTest:  # noqa: ANN401  # any field of an answer
    def page(body: dict[str, object]) -> None:
        from streamlit_app import answer, parts

        parts.show(answer.prediction(body))

    return AppTest.from_function(page, args=(page_answers.prediction(**changes),)).run(timeout=30)


def warnings(page: AppTest) -> list[str]:
    return [warning.value for warning in page.warning]


def test_a_fired_rule_is_a_warning_with_a_sign() -> None:
    page = shown()

    (warning,) = page.warning
    assert warning.value.startswith("Refer: the probability of melanoma is 0.31")
    assert warning.icon == "⚠️"


def test_where_no_rule_fired_that_is_a_plain_line() -> None:
    rule = page_answers.rule(value=0.01, fired=False)

    page = shown(referral={"refer": False, "rules": [rule]})

    assert warnings(page) == []
    assert any(line.value.startswith("No referral rule fired") for line in page.markdown)


def test_a_picture_beyond_the_limit_is_a_warning() -> None:
    page = shown(unknown={"distance": 200.0, "limit": 115.0, "probability": 0.99})

    assert any(text.startswith("Unlike other pictures") for text in warnings(page))


def test_a_picture_that_is_called_unknown_within_the_limit_is_a_warning_too() -> None:
    unknown = {"distance": 110.0, "limit": 115.0, "probability": 0.4}

    page = shown(label="UNK", unknown=unknown)

    assert any(text.startswith("Hardly like other pictures") for text in warnings(page))


def test_poor_quality_is_one_warning_and_the_rest_is_folded() -> None:
    poor = page_answers.check(ok=False, verdict="poor")
    quality = page_answers.prediction()["quality"] | {"sharpness": poor, "skin": poor}

    page = shown(quality=quality)

    (quality_warning,) = [text for text in warnings(page) if "poor" in text]
    assert quality_warning.startswith("Sharpness: poor")
    assert "\n\nSkin: poor" in quality_warning
    assert page.expander[0].label == "Picture quality: 3 of 5 checks are fine"
    (folded,) = page.expander[0].caption
    assert [line.split(":")[0] for line in folded.value.split("\n\n")] == [
        "Exposure",
        "Shorter side",
        "Black border",
    ]


@pytest.mark.parametrize(
    ("part", "word"),
    [
        ("prediction_set", "candidates"),
        ("referral", "Refer"),
        ("unknown", "its distance"),
        ("quality", "Picture quality"),
    ],
)
def test_a_part_that_was_not_fitted_is_not_shown(part: str, word: str) -> None:
    assert word in texts(shown())
    assert word not in texts(shown(**{part: None}))


def texts(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.warning]
    return "\n".join([*(one.value for one in elements), *(one.label for one in page.expander)])
