"""What each package imports stands in its extra, and so is there whatever others come to need."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from mar_config.build import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {
    "handlers": "core", "registry": "registry", "train": "train", "serve": "serve",
    "mar_config": "torchserve", "streamlit_app": "ui", "up": "dev", "tests": "dev",
}  # fmt: skip
# What is run by hand to make or to measure something, and what lies in archives.
APART = ("serve/rpc/generate.py", "tests/bench/others/", "tests/contract/handlers/")
# Several packages share the name before the dot.
SHARED = {"google.protobuf": "protobuf", "google.rpc": "googleapis-common-protos"}


def required(extra: str) -> set[str]:
    found: set[str] = set()
    for one in PROJECT["optional-dependencies"][extra]:
        name, _, inner = one.rstrip("]").partition("[")
        if name == PROJECT["name"]:
            found |= {package for more in inner.split(",") for package in required(more)}
        else:
            found.add(name)
    return found


def imported(package: str) -> set[str]:
    """Modules of others, by two parts of their names at most."""
    found: set[str] = set()
    for file in (ROOT / package).rglob("*.py"):
        if file.relative_to(ROOT).as_posix().startswith(APART):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module))
    others = (name.split(".") for name in found)
    known = sys.stdlib_module_names | EXTRAS.keys()
    return {".".join(parts[:2]) for parts in others if parts[0] not in known}


@pytest.fixture(scope="module")
def distributions() -> dict[str, set[str]]:
    """Those that bring a module, by its name before the first dot."""
    return {
        module: {re.sub(r"[-_.]+", "-", name).lower() for name in names}
        for module, names in packages_distributions().items()
    }


@pytest.mark.parametrize("package", EXTRAS)
def test_what_is_imported_stands_in_the_extra(
    package: str, distributions: dict[str, set[str]]
) -> None:
    there = required(EXTRAS[package])

    absent = set()
    for module in imported(package):
        bringing = distributions.get(module.split(".")[0], set())
        if not there & ({SHARED[module]} if module in SHARED else bringing):
            absent.add(module)

    assert absent == set()
