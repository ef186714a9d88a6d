"""README says all of an answer's fields, and the example is one."""

import json
import re
from typing import Any

import pytest

from handlers.answer import SCHEMA
from handlers.schema import answers
from mar_config.build import ROOT

README = (ROOT / "README.md").read_text()
SECTION = README.split("### The answer\n")[1].split("\n## ")[0]


def names(schema: dict[str, Any]) -> set[str]:
    """Of an object's fields, at any depth."""
    fields = schema.get("properties", {})
    inner = [*fields.values(), *schema.get("anyOf", [])]
    if "items" in schema:
        inner.append(schema["items"])
    return set(fields).union(*map(names, inner))


@pytest.mark.parametrize("name", sorted(names(answers()["explanation"])))
def test_each_field_is_explained(name: str) -> None:
    assert re.search(rf"`([a-z]+\.)?{name}[`.]", SECTION)


def test_the_example_is_of_this_schema() -> None:
    example = json.loads(SECTION.split("```json\n")[1].split("```")[0])

    assert example["schema"] == SCHEMA
    assert set(example) == set(answers()["prediction"]["required"])
    assert sum(example["probabilities"].values()) == pytest.approx(1)
