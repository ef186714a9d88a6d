"""The contract's comparison sees every kind of difference."""

import pytest

from tests.contract.same import assert_same, assert_same_in_a_batch

ANSWER = {
    "label": "MEL",
    "unknown": None,
    "fired": True,
    "value": 100.0,
    "codes": ["MEL", "NV"],
    "relevance": {"grid": [[0.25, 0.75]], "region": {"left": 0.0}},
}


def test_numbers_may_differ_by_a_millionth_and_a_maps_by_more() -> None:
    near = {"value": 100.0000005, "relevance": {"grid": [[0.25009, 0.75]], "region": {"left": 0}}}

    assert_same(ANSWER, ANSWER | near)


@pytest.mark.parametrize(
    "changed",
    [
        {"label": "NV"},
        {"label": None},
        {"unknown": 0.0},
        {"fired": False},
        {"fired": 1},
        {"value": 100.00001},
        {"value": float("nan")},
        {"codes": ["NV", "MEL"]},
        {"codes": ["MEL"]},
        {"relevance": {"grid": [[0.2502, 0.75]], "region": {"left": 0.0}}},
        {"relevance": {"grid": [[0.25, 0.75]], "region": {"left": 0.00001}}},
        {"more": 1},
    ],
)
def test_what_differs_is_found(changed: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        assert_same(ANSWER, ANSWER | changed)


def test_names_come_in_the_same_order() -> None:
    with pytest.raises(AssertionError):
        assert_same(ANSWER, dict(reversed(ANSWER.items())))


def test_in_a_batch_a_distance_may_differ_by_more_and_a_probability_hardly() -> None:
    one = {"probabilities": {"MEL": 0.5}, "unknown": {"distance": 100.0}}

    assert_same_in_a_batch(one, one | {"unknown": {"distance": 100.0009}})
    for changed in ({"unknown": {"distance": 100.002}}, {"probabilities": {"MEL": 0.50002}}):
        with pytest.raises(AssertionError):
            assert_same_in_a_batch(one, one | changed)
