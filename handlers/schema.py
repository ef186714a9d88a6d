"""The answer's JSON Schema, made from its types."""

import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from handlers.answer import Explanation, Prediction

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {str: "string", float: "number", int: "integer", bool: "boolean", type(None): "null"}


def answers() -> dict[str, Any]:
    """What `/predictions` and `/explanations` answer with status 200."""
    return {
        "$schema": DIALECT,
        "title": "Answers of skin_vit",
        "prediction": schema_of(Prediction),
        "explanation": schema_of(Explanation),
    }


def schema_of(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a type, of any kind
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        described = {"description": " ".join(kind.__doc__.split())} if kind.__doc__ else {}
        return {
            "type": "object",
            **described,
            "properties": {name: schema_of(hint) for name, hint in hints.items()},
            "required": list(hints),
        }
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        told: dict[str, Any] = inner[1]
        return schema_of(inner[0]) | told
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one) for one in inner]}
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(inner[1])}
    return {"type": PLAIN[kind]}
