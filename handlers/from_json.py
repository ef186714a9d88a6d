"""JSON values -> frozen dataclasses, each value of the type its field has."""

import sys
import types
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from handlers.errors import UnusableModel


def built(kind: Any, value: object, name: str = "") -> Any:  # noqa: ANN401  # what `kind` says
    """Raises UnusableModel, naming what is missing, unknown or of another type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        options = [one for one in inner if one is not type(None)]
        return None if value is None else built(options[0], value, name)
    if is_dataclass(kind) and isinstance(value, dict):
        return of_fields(kind, value, f"{name}." if name else "")
    if origin is tuple and isinstance(value, list):
        return tuple(built(inner[0], one, name) for one in value)
    if origin is dict and isinstance(value, dict):
        return {str(key): built(inner[1], one, name) for key, one in value.items()}
    if kind is float and (isinstance(value, float) or is_whole(value)):
        return value
    if kind in (int, str) and isinstance(value, kind) and not isinstance(value, bool):
        return value
    raise UnusableModel(f"Model config with a value of another type: {name}.")


def is_whole(value: object) -> bool:
    """Whether it is a whole number, and none that no float can be compared with."""
    return (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    )


def of_fields(kind: Any, values: dict[str, object], above: str) -> Any:  # noqa: ANN401
    if odd := sorted({field.name for field in fields(kind)} ^ set(values)):
        names = ", ".join(above + name for name in odd)
        raise UnusableModel(
            f"Model config with missing or unknown keys: {names}. Export the model again"
            " (train.pth_to_pt)."
        )
    hints = get_type_hints(kind)
    return kind(**{name: built(hints[name], one, above + name) for name, one in values.items()})
