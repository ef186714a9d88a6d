"""Two answers to one step -> where they differ."""

import math
import re
from collections.abc import Iterator

import httpx

from tests.contract.rows.row import Step

# Of a description, what is each worker's own.
OWN = r"\.json\.\d+\.workers\.\d+\.(id|startTime|pid|memoryUsage)"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def differences(one: httpx.Response, other: httpx.Response, step: Step) -> list[str]:
    """Each begins with the part that differs: status, reason, a header's name or body."""
    found = []
    if one.status_code != other.status_code:
        found.append(f"status: {one.status_code}, {other.status_code}")
    if one.reason_phrase != other.reason_phrase:
        found.append(f"reason: {one.reason_phrase!r}, {other.reason_phrase!r}")
    mine, theirs = headers(one), headers(other)
    for name in sorted(mine | theirs):
        if mine.get(name) != theirs.get(name):
            found.append(f"header {name}: {mine.get(name)!r}, {theirs.get(name)!r}")
    shaped = re.compile(rf"{OWN}|{step.shaped}" if step.shaped else OWN)
    try:
        seen = [step.view(answer) for answer in (one, other)]
    except (ValueError, KeyError) as error:
        return [*found, f"body: can't be looked at: {error!r}"]
    bodies = [f"body{line}" for line in unequal(*seen, place="", shaped=shaped)]
    # Other values make other lines.
    told = [line for line in bodies if not line.startswith("body.form")]
    return found + (told or bodies)


def headers(answer: httpx.Response) -> dict[str, str]:
    """A request id is compared by its form, a length with the body's."""
    found = {name.lower(): value for name, value in answer.headers.items()}
    if UUID.fullmatch(found.get("x-request-id", "")):
        found["x-request-id"] = "a UUID"
    if found.get("content-length") == str(len(answer.content)):
        found["content-length"] = "the body's"
    return found


def unequal(one: object, other: object, *, place: str, shaped: re.Pattern[str]) -> Iterator[str]:
    """JSON numbers are equal to 1e-6, the order of keys counts."""
    if shaped.fullmatch(place):
        one, other = type(one).__name__, type(other).__name__
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            yield f"{place}: keys {list(one)}, {list(other)}"
        for key in [key for key in one if key in other]:
            yield from unequal(one[key], other[key], place=f"{place}.{key}", shaped=shaped)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from unequal(*pair, place=f"{place}.{number}", shaped=shaped)
    elif not same(one, other):
        yield f"{place}: {one!r}, {other!r}"


def same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=0, abs_tol=1e-6)
    return one == other
