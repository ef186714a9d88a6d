"""What the page reads of an answer, and what it refuses."""

from typing import Any

import pytest

from handlers.answer import SCHEMA as CORES
from streamlit_app import answer
from streamlit_app.answer import OtherSchema
from tests.unit import page_answers

PARTS = {"unknown": "unknown", "prediction_set": "prediction_set", "referral": "rules"}


def test_every_part_is_read() -> None:
    found = answer.prediction(page_answers.prediction())

    assert found.label == "NV"
    assert found.probabilities["NV"] == 0.83
    assert found.model == "skin_vit 1.0"
    assert found.unknown is not None
    assert found.unknown.limit == 115.2
    assert found.prediction_set is not None
    assert found.prediction_set.codes == ("NV", "MEL")
    assert found.rules is not None
    assert found.rules[0].codes == ("MEL",)
    assert found.quality is not None
    assert found.quality["skin"].limit == (0.5,)


@pytest.mark.parametrize("part", [*PARTS, "quality"])
def test_a_part_that_was_not_fitted_is_none(part: str) -> None:
    found = answer.prediction(page_answers.prediction(**{part: None}))

    assert getattr(found, PARTS.get(part, part)) is None


def test_a_limit_may_have_two_ends() -> None:
    body = page_answers.prediction()
    body["quality"]["exposure"] = page_answers.check(limit=[0.36, 0.87])

    found = answer.prediction(body)

    assert found.quality is not None
    assert found.quality["exposure"].limit == (0.36, 0.87)


@pytest.mark.parametrize("limit", [[], [0.1, 0.2, 0.3], ["0.1"]])
def test_limits_that_are_none_are_refused(limit: list[object]) -> None:
    body = page_answers.prediction()
    body["quality"]["exposure"] = page_answers.check(limit=limit)

    with pytest.raises(ValueError, match=r"are no limits|is no finite number"):
        answer.prediction(body)


def test_the_page_reads_the_cores_schema() -> None:
    assert answer.SCHEMA == CORES


def test_an_answer_without_a_schema_is_of_the_first() -> None:
    old = {name: page_answers.prediction()[name] for name in ("label", "probabilities", "model")}

    with pytest.raises(OtherSchema, match=r"\(schema 1\) than this page reads \(schema 2\)"):
        answer.prediction(old)


def test_an_answer_of_a_later_schema_is_refused_whatever_it_holds() -> None:
    with pytest.raises(OtherSchema, match="schema 3"):
        answer.prediction(page_answers.prediction(schema=3, label="NEW", unknown=7))


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "NEW"},
        {"probabilities": {"NV": 1.0}},
        {"unknown": {}},
        {"unknown": {"distance": float("nan"), "limit": 1, "probability": 0}},
        {"prediction_set": {"codes": ["NEW"], "coverage": 0.9}},
        {"referral": {"refer": False}},
        {"quality": {}},
    ],
)
def test_a_part_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        answer.prediction(page_answers.prediction(**changes))


def test_the_relevance_is_read() -> None:
    found = answer.relevance(page_answers.explanation())

    assert found.target == "NV"
    assert found.grid == ((0.0, 0.75), (0.25, 0.0))
    assert (found.left, found.top, found.width, found.height) == (0.125, 0.0, 0.75, 1.0)


@pytest.mark.parametrize("grid", [[], [[]], [[1.0], [1.0, 0.0]], [["1"]]])
def test_a_grid_that_is_none_is_refused(grid: list[list[object]]) -> None:
    with pytest.raises(ValueError, match=r"rows of one length|finite"):
        answer.relevance(page_answers.explanation(grid=grid))
