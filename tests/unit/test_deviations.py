"""The list of deviations, and the README's table of it."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.contract import table
from tests.contract.rows import ROWS
from tests.contract.table import Deviation

README = Path(__file__).parents[2] / "README.md"
KEYS = [row.key(number) for row in ROWS for number in range(len(row.steps))]


def named(*rows: str, parts: tuple[str, ...] = ("body",)) -> Deviation:
    return Deviation(id="one", what="", torchserve="", ray="", reason="", rows=rows, parts=parts)


@pytest.mark.parametrize("deviation", table.deviations(), ids=lambda one: one.id)
def test_each_pattern_names_a_row(deviation: Deviation) -> None:
    unused = [
        pattern for pattern in deviation.rows if not any(named(pattern).covers(key) for key in KEYS)
    ]

    assert unused == []


def test_each_deviation_has_its_own_id() -> None:
    counted = Counter(one.id for one in table.deviations())

    assert [id for id, number in counted.items() if number > 1] == []


def test_each_row_has_its_own_id() -> None:
    counted = Counter(row.id for row in ROWS)

    assert [id for id, number in counted.items() if number > 1] == []


def test_there_are_at_least_200_rows() -> None:
    assert len(ROWS) >= 200


def test_a_row_is_covered_with_its_steps() -> None:
    assert named("a/b").covers("a/b")
    assert named("a/b").covers("a/b.2")
    assert named("a/b.2").covers("a/b.2")
    assert not named("a/b.2").covers("a/b.1")
    assert not named("a/b").covers("a/bc")


def test_a_part_is_allowed_with_what_is_in_it() -> None:
    of_a_message = named("*", parts=("body.json.message", "header date"))

    assert of_a_message.allows("body.json.message: 'a', 'b'")
    assert of_a_message.allows("header date: None, 'today'")
    assert not of_a_message.allows("body.json.code: 400, 500")
    assert not of_a_message.allows("header data: None, 'today'")
    assert named("*").allows("body.json.message: 'a', 'b'")


def test_each_deviation_is_one_line_of_the_readmes_table() -> None:
    lines = table.readme_table().splitlines()

    assert len(lines) == 2 + len(table.deviations())
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {5}


def test_the_readmes_table_is_up_to_date() -> None:
    found = README.read_text().split(table.BEGIN)[1].split(table.END)[0]

    assert found.strip() == table.readme_table().strip()
