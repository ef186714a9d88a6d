"""Where Ray Serve may answer otherwise: deviations.yaml, and the README's table of it.

python -m tests.contract.table prints that table.
"""

import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "deviations.yaml"
BEGIN, END = "<!-- deviations -->", "<!-- /deviations -->"
HEAD = "| what | TorchServe | Ray Serve | why |\n|---|---|---|---|\n"


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """`rows` are patterns of rows or steps; `parts` are what differs there, as
    rows.comparing.differences names it. `status` is Ray Serve's where it differs.
    """

    id: str
    what: str
    torchserve: str
    ray: str
    reason: str
    rows: tuple[str, ...]
    parts: tuple[str, ...]
    status: tuple[int, ...] | None = None
    # It holds only where all of TorchServe's ports are one address.
    one_address: bool = False
    # Timing decides whether a difference is seen.
    sometimes: bool = False

    def covers(self, key: str) -> bool:
        """A pattern for a row covers its steps."""
        return any(
            fnmatchcase(re.sub(r"\.\d+$", "", key), pattern) or fnmatchcase(key, pattern)
            for pattern in self.rows
        )

    def allows(self, difference: str) -> bool:
        return any(re.match(rf"{re.escape(part)}[:. ]", difference) for part in self.parts)

    @property
    def must_be_seen(self) -> bool:
        """A deviation from a named row that is not one any more has to go."""
        return not self.sometimes and "*" not in self.rows


@cache
def deviations() -> tuple[Deviation, ...]:
    return tuple(deviation(given) for given in yaml.safe_load(FILE.read_text()))


def deviation(given: dict[str, Any]) -> Deviation:
    lists = {name: tuple(one) for name, one in given.items() if isinstance(one, list)}
    fields: dict[str, Any] = given | lists
    return Deviation(**fields)


def readme_table() -> str:
    return HEAD + "".join(
        f"| {one.what} | {one.torchserve} | {one.ray} | {one.reason} |\n" for one in deviations()
    )


if __name__ == "__main__":
    sys.stdout.write(readme_table())
