"""OpenAPI of each port, of all at one address, and of one model."""

from typing import Literal

from serve.dialect import description_answers, description_inference, description_management
from serve.dialect.description_parts import (
    METRICS_TEXT,
    SCHEMAS,
    Json,
    Paths,
    answer,
    answers,
    in_query,
    listed,
    operation,
    schema,
    string,
)

# The contract's version, as its clients may look for it.
VERSION = "0.12.0"

METRICS: Paths = {
    "/metrics": {
        "get": operation(
            "metrics",
            "Counters and gauges in Prometheus' text format.",
            answers({"200": answer("One line each.", string(), METRICS_TEXT)}, 500),
            parameters=[in_query("name[]", "Only these.", listed(string()))],
        )
    }
}


def inference() -> Json:
    return document("Inference", itself(), description_inference.LISTED, METRICS)


def management() -> Json:
    return document("Management", itself(), description_management.LISTED, METRICS)


def metrics() -> Json:
    return document("Metrics", METRICS)


def single_port() -> Json:
    """All that one address answers, also what TorchServe does not list; a tag names the port."""
    return document(
        "Skin lesions",
        itself(),
        tagged("inference", description_inference.LISTED, description_inference.UNLISTED),
        tagged("management", description_management.LISTED, description_management.UNLISTED),
        tagged("metrics", METRICS),
    )


def model(name: str, kind: Literal["inference", "management"]) -> Json:
    if kind == "management":
        return document(f"Management of {name}", description_management.ONE_MODEL)
    predicting = {
        path.replace("{model_name}", name): {
            method: {**operation, "parameters": []} for method, operation in operations.items()
        }
        for path, operations in description_inference.LISTED.items()
        if "{model_name}" in path and "{model_version}" not in path
    }
    return document(name, predicting)


def itself() -> Paths:
    good: Json = {"200": answer("An OpenAPI description.", schema("Description"))}
    return {
        "/": {"options": operation("describe_api", "This description.", answers(good, 500))},
        "/api-description": {
            "get": operation("api_description", "This description.", answers(good, 500))
        },
    }


def tagged(tag: str, *parts: Paths) -> Paths:
    return {
        path: {method: {**operation, "tags": [tag]} for method, operation in operations.items()}
        for path, operations in merged(*parts).items()
    }


def merged(*parts: Paths) -> Paths:
    found: Paths = {}
    for part in parts:
        for path, operations in part.items():
            found[path] = found.get(path, {}) | operations
    return found


def document(title: str, *parts: Paths) -> Json:
    return {
        "openapi": "3.0.1",
        "info": {"title": title, "version": VERSION},
        "paths": merged(*parts),
        "components": {
            "schemas": SCHEMAS | description_answers.described(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # Where the server asks for tokens at all.
        "security": [{}, {"token": []}],
    }
