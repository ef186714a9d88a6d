"""Whole numbers as Java's parseInt reads them."""

import re

WHOLE = re.compile(r"(?P<sign>[+-]?)0*(?P<digits>[0-9]{1,10})", re.ASCII)


def whole(text: str) -> int | None:
    """None for what is none of 32 bits."""
    found = WHOLE.fullmatch(text)
    if found is None:
        return None
    number = int(found["sign"] + found["digits"])
    return number if -(1 << 31) <= number < 1 << 31 else None
