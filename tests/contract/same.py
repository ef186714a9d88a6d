"""Two answers compared field by field."""

from collections.abc import Iterator, Mapping

TOLERANCE = 1e-6
# Of a map, which is a gradient's.
OWN = {"grid": 1e-4}
# An answer in a batch differs from the same alone in the last digits of single precision: of a
# distance, which is about 100, in the fourth decimal.
IN_A_BATCH, OWN_IN_A_BATCH = 1e-5, OWN | {"distance": 1e-3}


def assert_same(one: object, other: object, tolerance: float = TOLERANCE) -> None:
    """Names in the same order, texts and truths equal, numbers within the tolerance."""
    assert_without(differences(one, other, "answer", tolerance, OWN))


def assert_same_in_a_batch(one: object, other: object) -> None:
    assert_without(differences(one, other, "answer", IN_A_BATCH, OWN_IN_A_BATCH))


def assert_without(differences: Iterator[str]) -> None:
    found = list(differences)
    assert not found, "\n".join(found[:20])


def differences(
    one: object, other: object, at: str, tolerance: float, own: Mapping[str, float]
) -> Iterator[str]:
    """`own` are the tolerances of fields by name, where they are larger."""
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            yield f"{at}: {list(one)} are not {list(other)}"
            return
        for name, value in one.items():
            within = max(tolerance, own.get(name, 0))
            yield from differences(value, other[name], f"{at}.{name}", within, own)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from differences(first, second, f"{at}[{place}]", tolerance, own)
    elif is_number(one) and is_number(other):
        if not abs(one - other) <= tolerance:  # type: ignore[operator]  # both are numbers
            yield f"{at}: {one} is not {other}"
    elif type(one) is not type(other) or one != other:
        yield f"{at}: {one!r} is not {other!r}"


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
