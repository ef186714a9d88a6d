"""The answers of skin_vit in OpenAPI, made from the core's own types."""

from handlers.answer import Code, Explanation, Prediction
from handlers.schema import schema_of
from serve.dialect.description_parts import Json

NULL: Json = {"type": "null"}


def described() -> dict[str, Json]:
    """By their names among the schemas."""
    return {kind.__name__: openapi(schema_of(kind)) for kind in (Prediction, Explanation)}


def code() -> Json:
    """A category, as a parameter may have it."""
    return openapi(schema_of(Code))


def openapi(schema: Json) -> Json:
    """OpenAPI 3.0 has no type null: what may be null says so."""
    match schema.get("anyOf"):
        case [dict(kind), other] if other == NULL:
            return openapi(kind) | {"nullable": True}
    return {key: rewritten(value) for key, value in schema.items()}


def rewritten(value: object) -> object:
    if isinstance(value, dict):
        return openapi(value)
    if isinstance(value, list):
        return [rewritten(one) for one in value]
    return value
