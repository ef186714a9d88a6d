"""Where a setting stands: in the file, or in the environment."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from serve.dialect import property_file
from serve.dialect.property_file import PropertiesError
from serve.dialect.property_values import flag

T = TypeVar("T")
# Where TorchServe's variable is not TS_ and the key.
VARIABLES = {"token_expiration_min": "TS_TOKEN_EXPIRATION_TIME_MIN"}
SWITCHES = ("enable_envvars_config", "use_env_allowed_urls")
REFERENCE = re.compile(r"\$\$([^$]{2,})\$\$")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """`place` names where it stands, for people."""

    place: str
    text: str

    def read(self, reader: Callable[[str], T]) -> T:
        try:
            return reader(self.text.strip())
        except ValueError as error:
            raise PropertiesError(f"{self.place} must be {error}, not {self.text!r}.") from error


class PropertySource:
    """One file, or none, and the environment over it where the file allows it."""

    def __init__(self, path: Path | None, env: Mapping[str, str]) -> None:
        self.path = path
        self.env = env
        self.properties = property_file.read(path) if path else {}
        self.env_counts = self.switch("enable_envvars_config")
        self.env_urls_count = self.switch("use_env_allowed_urls")

    def switch(self, key: str) -> bool:
        found = self.in_file(key)
        return found is not None and found.read(flag)

    def get(self, key: str) -> Setting | None:
        return self.in_env(key) or self.in_file(key)

    def in_env(self, key: str) -> Setting | None:
        variable = VARIABLES.get(key, f"TS_{key.upper()}")
        counts = self.env_counts and (key != "allowed_urls" or self.env_urls_count)
        if not counts or variable not in self.env:
            return None
        return Setting(place=f"The variable {variable}", text=self.env[variable])

    def in_file(self, key: str) -> Setting | None:
        found = self.properties.get(key)
        if found is None:
            return None
        place = f"{self.path}, line {found.line}: {key}"

        def value_of(reference: re.Match[str]) -> str:
            if reference[1] not in self.env:
                raise PropertiesError(
                    f"{place} names the variable {reference[1]}, which isn't set."
                )
            return self.env[reference[1]]

        return Setting(place=place, text=REFERENCE.sub(value_of, found.value))

    def beyond(self, known: Collection[str]) -> Iterator[str]:
        return (key for key in self.properties if key not in known and key not in SWITCHES)
