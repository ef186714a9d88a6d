"""Which version is champion, and which were before it."""

import re

import mlflow

from registry.address import RegistryError, check_there
from registry.versions import (
    NAME,
    Version,
    explained,
    give_alias,
    numbered_if_there,
    registered,
    with_alias,
)

CANDIDATE = "candidate"
CHAMPION = "champion"
# What MLflow takes as an alias.
ALIAS = re.compile(r"(?!(latest|v\d+)\Z)[\w-]{1,255}", re.IGNORECASE)
# The registered model's tag: the numbers of former champions, oldest first.
FORMER = "former_champions"


def crown(uri: str, version: Version) -> None:
    """Makes it champion and remembers the one before."""
    before = with_alias(uri, version.name, CHAMPION)
    if before == version:
        return
    if before is not None:
        # First, so that no champion is ever without the way back.
        remember(uri, version.name, [*former(uri, version.name), before.number])
    give_alias(uri, version, CHAMPION)


def roll_back(uri: str, name: str = NAME) -> Version:
    """Makes the former champion champion again; raises RegistryError if there is none."""
    numbers, champion = former(uri, name), with_alias(uri, name, CHAMPION)
    while numbers:
        version = numbered_if_there(uri, name, numbers.pop())
        # It is among the former ones where a promotion ended before the next was champion.
        if version is not None and version != champion:
            give_alias(uri, version, CHAMPION)
            remember(uri, name, numbers)
            return version
    raise RegistryError(f"There is no former champion of {name} to go back to.")


def former(uri: str, name: str) -> list[str]:
    check_there(uri)
    tags = registered(uri, name).tags
    return str(tags.get(FORMER, "")).split()


def remember(uri: str, name: str, numbers: list[str]) -> None:
    with explained(uri):
        mlflow.MlflowClient(uri).set_registered_model_tag(name, FORMER, " ".join(numbers))
