"""What skin_vit tells of its answers: the same on both backends, and true of what they answer."""

from typing import Any

import httpx
import pytest
from jsonschema_rs import Draft202012Validator, ValidationError

from handlers.schema import answers
from tests.contract.rows.asking import Target, authorization

KINDS = ("prediction", "explanation")
Schemas = dict[str, dict[str, Any]]


def described(target: Target, path: str) -> dict[str, Any]:
    (model,) = httpx.get(
        f"{target.management}{path}",
        params={"customized": "true"},
        headers=authorization(target, "management"),
        timeout=60,
    ).json()
    return dict(model)


@pytest.fixture(scope="module")
def schemas(targets: dict[str, Target]) -> Schemas:
    """By backend."""
    return {
        name: described(target, "/models/skin_vit/1.0")["customizedMetadata"]
        for name, target in targets.items()
    }


def test_both_tell_the_cores_own_schema(schemas: Schemas) -> None:
    assert schemas["torchserve"] == schemas["ray"] == answers()


def test_it_is_told_of_the_default_version_too(
    targets: dict[str, Target], schemas: Schemas
) -> None:
    for name, target in targets.items():
        assert described(target, "/models/skin_vit")["customizedMetadata"] == schemas[name]


@pytest.mark.parametrize("kind", KINDS)
def test_what_both_answer_is_as_told(
    backends: dict[str, httpx.Client], schemas: Schemas, pictures: list[bytes], kind: str
) -> None:
    for name, backend in backends.items():
        schema = Draft202012Validator(schemas[name][kind])
        for body in pictures:
            schema.validate(backend.post(f"/{kind}s/skin_vit", content=body).json())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_or_of_another_type_is_not_as_told(
    backend: httpx.Client, schemas: Schemas, lesion_jpeg: bytes, kind: str
) -> None:
    answer = backend.post(f"/{kind}s/skin_vit", content=lesion_jpeg).json()

    for schema in (Draft202012Validator(told[kind]) for told in schemas.values()):
        for name in answer:
            without = {key: value for key, value in answer.items() if key != name}
            for wrong in (without, answer | {name: "something else"}):
                with pytest.raises(ValidationError):
                    schema.validate(wrong)
