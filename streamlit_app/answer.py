"""What the page reads of a backend's answer."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from streamlit_app.names import WORDS

# The form that is read here; another number means that fields mean something else.
SCHEMA = 2
# Of `quality`, in the order they are shown.
CHECKS = ("sharpness", "exposure", "size", "border", "skin")

REGION = ("left", "top", "width", "height")
# Of sums of shares.
ROUNDING = 1e-6

Part = TypeVar("Part")


class OtherSchema(Exception):
    """An answer of this service, in another form than the page knows."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    distance: float
    limit: float
    probability: float


@dataclass(frozen=True, kw_only=True)
class PredictionSet:
    codes: tuple[str, ...]
    coverage: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    codes: tuple[str, ...]
    value: float
    threshold: float
    fired: bool
    sensitivity: float
    specificity: float


@dataclass(frozen=True, kw_only=True)
class Check:
    """`limit` is one number, or the least and the most."""

    value: float
    limit: tuple[float, ...]
    ok: bool
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the model was not fitted for is None."""

    label: str
    probabilities: dict[str, float]
    model: str
    unknown: Unknown | None
    prediction_set: PredictionSet | None
    rules: tuple[Rule, ...] | None
    quality: dict[str, Check] | None


@dataclass(frozen=True, kw_only=True)
class Relevance:
    """`grid` lies row by row in the part of the upright picture that the shares name."""

    target: str
    grid: tuple[tuple[float, ...], ...]
    left: float
    top: float
    width: float
    height: float


def prediction(body: Any) -> Prediction:  # noqa: ANN401  # whatever JSON came
    """Raises LookupError, TypeError or ValueError for what is no prediction, or OtherSchema."""
    label, shares = body["label"], body["probabilities"]
    # Asked before the rest is read, which may be anything there.
    if (schema := body.get("schema", 1)) != SCHEMA:
        raise OtherSchema(
            f"The service answers in another form (schema {schema}) than this page reads"
            f" (schema {SCHEMA}): bring both to the same version."
        )
    return Prediction(
        label=code_of(label),
        probabilities={code: share(shares[code]) for code in WORDS},
        model=f"{body['model']['name']} {body['model']['version']}",
        unknown=where_fitted(unknown, body["unknown"]),
        prediction_set=where_fitted(prediction_set, body["prediction_set"]),
        rules=where_fitted(rules, body["referral"]),
        quality=where_fitted(quality, body["quality"]),
    )


def where_fitted(read: Callable[[Any], Part], body: Any) -> Part | None:  # noqa: ANN401
    return None if body is None else read(body)


def unknown(body: Any) -> Unknown:  # noqa: ANN401
    return Unknown(
        distance=number(body["distance"]),
        limit=number(body["limit"]),
        probability=share(body["probability"]),
    )


def prediction_set(body: Any) -> PredictionSet:  # noqa: ANN401
    return PredictionSet(codes=codes_of(body["codes"]), coverage=share(body["coverage"]))


def rules(body: Any) -> tuple[Rule, ...]:  # noqa: ANN401
    return tuple(
        Rule(
            codes=codes_of(one["codes"]),
            value=number(one["value"]),
            threshold=number(one["threshold"]),
            fired=bool(one["fired"]),
            sensitivity=share(one["sensitivity"]),
            specificity=share(one["specificity"]),
        )
        for one in body["rules"]
    )


def quality(body: Any) -> dict[str, Check]:  # noqa: ANN401
    return {name: check(body[name]) for name in CHECKS}


def check(body: Any) -> Check:  # noqa: ANN401
    limit = body["limit"] if isinstance(body["limit"], list) else [body["limit"]]
    if len(limit) not in (1, 2):
        raise ValueError(f"{limit!r} are no limits.")
    return Check(
        value=number(body["value"]),
        limit=tuple(map(number, limit)),
        ok=bool(body["ok"]),
        verdict=str(body["verdict"]),
    )


def relevance(body: Any) -> Relevance:  # noqa: ANN401
    """Of an explanation; raises as `prediction` does."""
    found = body["relevance"]
    grid = tuple(tuple(map(number, row)) for row in found["grid"])
    if not grid or not grid[0] or len({len(row) for row in grid}) > 1:
        raise ValueError("A grid has rows of one length.")
    left, top, width, height = (share(found["region"][name]) for name in REGION)
    share(left + width), share(top + height)
    return Relevance(
        target=code_of(found["target"]), grid=grid, left=left, top=top, width=width, height=height
    )


def codes_of(value: list[Any]) -> tuple[str, ...]:
    return tuple(map(code_of, value))


def code_of(value: Any) -> str:  # noqa: ANN401
    if value not in WORDS:
        raise ValueError(f"{value!r} is no category.")
    return str(value)


def share(value: Any) -> float:  # noqa: ANN401
    if not 0 <= number(value) <= 1 + ROUNDING:
        raise ValueError(f"{value!r} is no share.")
    return float(value)


def number(value: Any) -> float:  # noqa: ANN401
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number.")
    return float(value)
