"""Made-up requests to every operation of our description, the same ones to both servers."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serve.dialect import description
from tests.contract.rows.asking import Target, authorization

Operation: TypeAlias = Any  # schemathesis has no public type for it
Pins: TypeAlias = dict[str, dict[str, object]]

SERVED = "skin_vit"
# The one model that may be changed; it has no worker, and is never given one.
OWN = "fuzzed"
VERSION = "1.0"
NO_WORKERS: dict[str, object] = {"min_worker": 0, "max_worker": 0, "initial_workers": 0}
ANSWERS_WITHIN_S = 20
CONFORMANCE = [status_code_conformance, content_type_conformance, response_schema_conformance]
SEEDED = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def described() -> dict[str, Operation]:
    schema = schemathesis.openapi.from_dict(description.single_port())
    schema.config.generation.update(with_security_parameters=False)
    found: list[Operation] = [*schema.get_all_operations()]
    return {one.ok().label: one.ok() for one in found}


OPERATIONS = described()
# Only what has a query or a body can be made up wrongly. What removes the model comes last.
REQUESTS = [
    (label, mode)
    for label, operation in sorted(
        OPERATIONS.items(), key=lambda one: (one[1].method == "delete", one[0])
    )
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation.query or operation.body
]


@pytest.fixture(scope="module")
def own_archive(targets: dict[str, Target]) -> Iterator[str]:
    """Its file in the model store; a model of it is registered on both servers."""
    archive = f"{OWN}.mar"
    question = {"url": archive, "model_name": OWN, "initial_workers": "0"}
    for target in targets.values():
        written(target.store / archive)
        answer = managed(target, "POST", "/models", params=question)
        assert answer.status_code == 200, answer.text
    yield archive
    for target in targets.values():
        managed(target, "DELETE", f"/models/{OWN}")


def managed(target: Target, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
    headers = authorization(target, "management")
    return httpx.request(method, f"{target.management}{path}", headers=headers, timeout=60, **sent)


def written(path: Path) -> Path:
    manifest = {
        "createdOn": "01/01/2026 00:00:00",
        "runtime": "python",
        "model": {"modelName": OWN, "handler": "handler.py", "modelVersion": VERSION},
        "archiverVersion": "0.12.0",
    }
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("MAR-INF/MANIFEST.json", json.dumps(manifest))
        file.writestr("handler.py", "def handle(data, context):\n    return ['' for _ in data]\n")
    return path


@pytest.mark.parametrize(("label", "mode"), REQUESTS)
def test_made_up_requests(
    targets: dict[str, Target], own_archive: str, label: str, mode: GenerationMode
) -> None:
    """Neither hangs, Ray Serve fails only where TorchServe does, and both keep to what is
    described while the request does.
    """
    operation = OPERATIONS[label]

    @SEEDED
    @given(case=cases(operation, mode, own_archive))
    def check(case: Any) -> None:  # noqa: ANN401
        answers = {name: asked(case, target) for name, target in targets.items()}
        ray, torchserve = (answers[name].status_code for name in ("ray", "torchserve"))
        assert ray < 500 or torchserve >= 500
        if mode is GenerationMode.POSITIVE:
            for answer in answers.values():
                case.validate_response(answer, checks=CONFORMANCE)

    check()


def test_both_are_well_afterwards(targets: dict[str, Target]) -> None:
    for target in targets.values():
        ping = httpx.get(f"{target.inference}/ping", headers=authorization(target, "inference"))
        assert ping.json() == {"status": "Healthy"}
        (model,) = managed(target, "GET", f"/models/{SERVED}").json()
        assert [one["status"] for one in model["workers"]] == ["READY"] * model["minWorkers"]


def cases(operation: Operation, mode: GenerationMode, archive: str) -> SearchStrategy[Any]:
    pins = pinned(operation, archive)
    return one_of([operation.as_strategy(generation_mode=mode, **each) for each in pins])


def pinned(operation: Operation, archive: str) -> list[Pins]:
    """Parts that are not made up: a change must not touch the model that others use."""
    if operation.label == "POST /models":
        own = NO_WORKERS | {"model_name": OWN}
        return [{"query": own}, {"query": own | {"url": archive}}]
    name, query = (OWN, NO_WORKERS) if changes(operation) else (SERVED, {})
    found: list[Pins] = [] if changes(operation) else [{}]
    if "{model_name}" in operation.path:
        found.append({"query": query, "path_parameters": {"model_name": name}})
    if "{model_version}" in operation.path:
        both: dict[str, object] = {"model_name": name, "model_version": VERSION}
        found.append({"query": query, "path_parameters": both})
    return found


def changes(operation: Operation) -> bool:
    return operation.tags == ["management"] and operation.method in ("post", "put", "delete")


def asked(case: Any, target: Target) -> schemathesis.Response:  # noqa: ANN401
    if changes(case.operation):
        given = {**case.query, **case.path_parameters}
        assert given["model_name"] == OWN
        assert given | NO_WORKERS == given
    port = case.operation.tags[0] if case.operation.tags else "inference"
    answer: schemathesis.Response = case.call(
        base_url=getattr(target, port),
        headers=authorization(target, port),
        timeout=ANSWERS_WITHIN_S,
    )
    return answer
