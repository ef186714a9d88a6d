"""The OpenAPI descriptions: valid, of the same operations as TorchServe's, true to our answers."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
import torch
from jsonschema_rs import Draft202012Validator, ValidationError

from handlers.errors import BadRequest
from handlers.postprocess import to_prediction
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


def answer_schema(status: str, content_type: str = "application/json") -> Draft202012Validator:
    document: Document = description.inference()
    content = operations(document)["POST /predictions/{model_name}"]["responses"][status]["content"]
    return Draft202012Validator(
        {"components": document["components"], **content[content_type]["schema"]}
    )


def test_the_core_predicts_as_described() -> None:
    prediction = to_prediction(torch.arange(8.0), tiny.config())
    described = answer_schema("200")

    described.validate(prediction)
    with pytest.raises(ValidationError):
        described.validate({**prediction, "label": "melanoma"})
    with pytest.raises(ValidationError):
        described.validate({**prediction, "probabilities": {"MEL": 1.0}})


def test_a_fault_looks_as_described() -> None:
    described = answer_schema("400")

    described.validate(BadRequest("words").as_json())
    with pytest.raises(ValidationError):
        described.validate({"detail": "words"})
