"""Two answers compared field by field."""

from collections.abc import Iterator

TOLERANCE = 1e-6
# Of a map, which is a gradient's.
GRID_TOLERANCE = 1e-4


def assert_same(one: object, other: object, tolerance: float = TOLERANCE) -> None:
    """Names in the same order, texts and truths equal, numbers within the tolerance."""
    found = list(differences(one, other, "answer", tolerance))
    assert not found, "\n".join(found[:20])


def differences(one: object, other: object, at: str, tolerance: float) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            yield f"{at}: {list(one)} are not {list(other)}"
            return
        for name, value in one.items():
            within = max(tolerance, GRID_TOLERANCE) if name == "grid" else tolerance
            yield from differences(value, other[name], f"{at}.{name}", within)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from differences(first, second, f"{at}[{place}]", tolerance)
    elif is_number(one) and is_number(other):
        if not abs(one - other) <= tolerance:  # type: ignore[operator]  # both are numbers
            yield f"{at}: {one} is not {other}"
    elif type(one) is not type(other) or one != other:
        yield f"{at}: {one!r} is not {other!r}"


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
