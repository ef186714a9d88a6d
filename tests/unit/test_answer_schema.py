"""The answers' JSON Schema: valid, of every field, and true to real answers."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypedDict

import jsonschema_rs
import pytest

from handlers.classifier import LesionClassifier
from handlers.request import Request
from handlers.schema import answers, schema_of
from tests.images import encoded, lesion
from tests.tiny import Exported

JPEG = encoded(lesion(), "JPEG")
Json = dict[str, Any]


def validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(answers()[kind])


@pytest.fixture(scope="module")
def classifier(exported: Exported) -> LesionClassifier:
    return LesionClassifier.load(exported.model, exported.config)


@pytest.fixture(scope="module")
def bare(classifier: LesionClassifier) -> LesionClassifier:
    """For which nothing was fitted."""
    config = replace(classifier.config, unknown=None, prediction_set=None, referral=())
    return LesionClassifier(classifier.model, config, "cpu")


def answered(classifier: LesionClassifier, kind: str) -> Json:
    [answer] = classifier.answer([Request(body=JPEG, explain=kind == "explanation")])
    assert isinstance(answer, dict)
    return dict(answer)


KINDS = pytest.mark.parametrize("kind", ["prediction", "explanation"])


@KINDS
def test_it_is_a_valid_schema(kind: str) -> None:
    described = answers()

    assert described["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate({"$schema": described["$schema"], **described[kind]})


@KINDS
def test_real_answers_are_as_described(
    kind: str, classifier: LesionClassifier, bare: LesionClassifier
) -> None:
    validator(kind).validate(answered(classifier, kind))
    validator(kind).validate(answered(bare, kind))


def test_an_explanation_is_a_prediction_and_not_the_other_way_round(
    classifier: LesionClassifier,
) -> None:
    assert validator("prediction").is_valid(answered(classifier, "explanation"))
    assert not validator("explanation").is_valid(answered(classifier, "prediction"))


def places(part: object, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each field of an answer, by the names that lead to it."""
    if isinstance(part, dict) and at[-1:] != ("probabilities",):
        for name, value in part.items():
            yield (*at, name)
            yield from places(value, (*at, name))


def test_no_field_may_be_missing_or_of_another_type(classifier: LesionClassifier) -> None:
    answer, described = answered(classifier, "explanation"), validator("explanation")
    found = list(places(answer))

    assert ("quality", "exposure", "limit") in found
    for *above, name in found:
        missing, wrong = deepcopy(answer), deepcopy(answer)
        for changed in (missing, wrong):
            part = changed
            for one in above:
                part = part[one]
            if changed is missing:
                del part[name]
            else:
                part[name] = {"another": object.__name__}
        assert not described.is_valid(missing), (*above, name)
        assert not described.is_valid(wrong), (*above, name)


def test_what_a_field_means_is_in_it() -> None:
    properties = answers()["prediction"]["properties"]

    [unknown, null] = properties["unknown"]["anyOf"]
    assert "Mahalanobis" in unknown["description"]
    assert null == {"type": "null"}


class Part(TypedDict):
    numbers: list[list[float]]


class Whole(TypedDict):
    text: str
    by_code: dict[str, int]
    part: Part | None
    limit: float | list[float]
    ok: bool


def test_types_become_a_schema() -> None:
    numbers = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
    part = {"type": "object", "properties": {"numbers": numbers}, "required": ["numbers"]}

    assert schema_of(Whole) == {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "by_code": {"type": "object", "additionalProperties": {"type": "integer"}},
            "part": {"anyOf": [part, {"type": "null"}]},
            "limit": {
                "anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]
            },
            "ok": {"type": "boolean"},
        },
        "required": ["text", "by_code", "part", "limit", "ok"],
    }
