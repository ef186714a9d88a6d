"""The OpenAPI descriptions: valid, of the same operations as TorchServe's, true to our answers."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from jsonschema_rs import Draft4Validator, ValidationError

from handlers.categories import CODES
from handlers.classifier import LesionClassifier
from handlers.errors import BadRequest
from handlers.request import Request
from serve.dialect import description
from tests import tiny

Document = dict[str, Any]

# As a TorchServe 0.12.0 answers at /api-description on each of its ports.
INFERENCE = {
    "OPTIONS /",
    "GET /api-description",
    "GET /ping",
    "GET /metrics",
    "POST /predictions/{model_name}",
    "POST /predictions/{model_name}/{model_version}",
    "POST /v1/models/{model_name}:predict",
    "POST /v2/models/{model_name}/infer",
}
ONE_MODEL = {
    "GET /models/{model_name}",
    "PUT /models/{model_name}",
    "DELETE /models/{model_name}",
    "GET /models/{model_name}/{model_version}",
    "PUT /models/{model_name}/{model_version}",
    "DELETE /models/{model_name}/{model_version}",
    "PUT /models/{model_name}/{model_version}/set-default",
}
MANAGEMENT = {
    "OPTIONS /",
    "GET /api-description",
    "GET /metrics",
    "GET /models",
    "POST /models",
    *ONE_MODEL,
}

DOCUMENTS: dict[str, Callable[[], Document]] = {
    "inference": description.inference,
    "management": description.management,
    "metrics": description.metrics,
    "single_port": description.single_port,
    "model_inference": lambda: description.model("skin_vit", "inference"),
    "model_management": lambda: description.model("skin_vit", "management"),
}
EACH = pytest.mark.parametrize("document", [make() for make in DOCUMENTS.values()], ids=DOCUMENTS)


def operations(document: Document) -> dict[str, Document]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def parameters(operation: Document) -> dict[str, Document]:
    return {one["name"]: one for one in operation["parameters"]}


@EACH
def test_a_description_is_valid_openapi(document: Document) -> None:
    assert document["openapi"] == "3.0.1"
    schemathesis.openapi.from_dict(json.loads(json.dumps(document))).validate()


@EACH
def test_every_reference_leads_somewhere(document: Document) -> None:
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(references(document)) <= schemas


@EACH
def test_every_operation_has_its_own_name_and_its_paths_parameters(document: Document) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]

    assert len(set(names)) == len(names)
    for label, operation in operations(document).items():
        in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", label)), label


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("inference", INFERENCE),
        ("management", MANAGEMENT),
        ("metrics", {"GET /metrics"}),
        ("model_management", ONE_MODEL),
    ],
)
def test_torchserves_operations_are_listed(name: str, listed: set[str]) -> None:
    assert set(operations(DOCUMENTS[name]())) == listed


def test_one_address_has_all_of_them_and_what_torchserve_does_not_list() -> None:
    found = set(operations(description.single_port()))

    assert found >= INFERENCE | MANAGEMENT
    assert found >= {
        "POST /explanations/{model_name}",
        "POST /explanations/{model_name}/{model_version}",
        "POST /v1/models/{model_name}:explain",
        "POST /v2/models/{model_name}/explain",
        "POST /invocations",
        "POST /models/{model_name}/invoke",
        "POST /{model_name}/predict",
        "POST /{model_name}/{model_version}/predict",
        "OPTIONS /predictions/{model_name}",
        "OPTIONS /models/{model_name}",
        "GET /v1/models/{model_name}",
        "GET /token",
    }


def test_a_models_paths_have_its_name() -> None:
    found = operations(description.model("skin_vit", "inference"))

    assert set(found) == {
        "POST /predictions/skin_vit",
        "POST /v1/models/skin_vit:predict",
        "POST /v2/models/skin_vit/infer",
    }


def test_registering_takes_torchserves_parameters() -> None:
    found = parameters(operations(description.management())["POST /models"])

    assert {name for name, one in found.items() if one["required"]} == {"url"}
    assert {name: one["schema"].get("default") for name, one in found.items()} == {
        "url": None,
        "model_name": None,
        "handler": None,
        "runtime": None,
        "batch_size": 1,
        "max_batch_delay": 100,
        "response_timeout": 120,
        "startup_timeout": 120,
        "initial_workers": 0,
        "synchronous": True,
        "s3_sse_kms": False,
    }


def test_weight_and_shadow_are_of_a_version_only() -> None:
    found = operations(description.management())
    scaling = {"min_worker", "max_worker", "synchronous", "number_gpu", "timeout"}

    of_model = set(parameters(found["PUT /models/{model_name}"]))
    of_version = set(parameters(found["PUT /models/{model_name}/{model_version}"]))

    assert of_model == {"model_name", *scaling}
    assert of_version == {"model_name", "model_version", *scaling, "weight", "shadow"}


def answer_schema(kind: str, status: str) -> Draft4Validator:
    """OpenAPI 3.0's schemas are of an early draft, but for what may be null."""
    document: Document = nulls_allowed(description.single_port())
    answer = operations(document)[f"POST /{kind}/{{model_name}}"]["responses"][status]
    schema = answer["content"]["application/json"]["schema"]
    return Draft4Validator({"components": document["components"], **schema})


def nulls_allowed(part: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(part, list):
        return [nulls_allowed(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: nulls_allowed(one) for name, one in part.items() if name != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if part.get("nullable") is True else found


@pytest.fixture(scope="module", params=["all fitted", "nothing fitted"])
def classifier(request: pytest.FixtureRequest, exported: tiny.Exported) -> LesionClassifier:
    found = LesionClassifier.load(exported.model, exported.config)
    if request.param == "nothing fitted":
        found.config = replace(found.config, unknown=None, prediction_set=None, referral=())
    return found


@pytest.mark.parametrize("kind", ["predictions", "explanations"])
def test_the_core_answers_as_described(
    classifier: LesionClassifier, lesion_jpeg: bytes, kind: str
) -> None:
    (answer,) = classifier.answer([Request(body=lesion_jpeg, explain=kind == "explanations")])
    described = answer_schema(kind, "200")

    assert isinstance(answer, dict)
    described.validate(answer)
    for name in answer:
        with pytest.raises(ValidationError):
            described.validate({key: value for key, value in answer.items() if key != name})
    wrongs: tuple[dict[str, object], ...] = (
        {"label": "melanoma"},
        {"label": None},
        {"probabilities": {"MEL": 1.0}},
        {"unknown": {}},
        {"quality": None},
        {"referral": {"refer": True, "rules": [{"codes": ["melanoma"]}]}},
    )
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            described.validate({**answer, **wrong})


def test_a_target_is_one_of_the_categories() -> None:
    operation = operations(description.single_port())["POST /explanations/{model_name}"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]

    assert parameters(operation)["target"]["schema"] == form["target"]
    assert form["target"]["enum"] == list(CODES)


def test_an_explanation_may_be_a_png() -> None:
    operation = operations(description.single_port())["POST /explanations/{model_name}"]

    assert "image/png" in operation["responses"]["200"]["content"]


def test_a_fault_looks_as_described() -> None:
    described = answer_schema("predictions", "400")

    described.validate(BadRequest("words").as_json())
    with pytest.raises(ValidationError):
        described.validate({"detail": "words"})
