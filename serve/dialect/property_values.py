"""The values of properties: each function raises ValueError with what is allowed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# As TorchServe's own pattern, and IPv6 in brackets.
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^/:^\[\]\s]+)(:(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)
ENVELOPES = ("body", "json", "kserve", "kservev2")


@dataclass(frozen=True, kw_only=True)
class Address:
    host: str = "127.0.0.1"
    port: int
    secure: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelToLoad:
    """Without a name of its own it gets the one in its archive."""

    url: str
    name: str | None = None


def address(http_port: int, https_port: int) -> Callable[[str], Address]:
    """The ports are those of an address without one."""

    def read(text: str) -> Address:
        if text.startswith("unix:"):
            raise ValueError("http://host:port or https://host:port, as Unix sockets aren't served")
        found = ADDRESS.fullmatch(text)
        if found is None:
            raise ValueError("http://host:port or https://host:port")
        secure = found["scheme"].lower() == "https"
        standard = https_port if secure else http_port
        return Address(
            host=found["host"].strip("[]"), port=port(found["port"] or str(standard)), secure=secure
        )

    return read


def host(text: str) -> str:
    """IPv6 may be in brackets, as in an address."""
    if not re.fullmatch(r"\[[0-9a-fA-F:.]+\]|[^/\s\[\]]+", text):
        raise ValueError("an IP address or the name of a host, without http:// and port")
    return text.strip("[]")


def whole(least: int, most: int = (1 << 31) - 1) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


port = whole(1, 65535)


def minutes(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?|\.[0-9]+", text) or float(text) == 0:
        raise ValueError("a number of minutes above 0")
    return float(text)


def flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def envelope(text: str) -> str | None:
    if text and text not in ENVELOPES:
        raise ValueError(f"one of {', '.join(ENVELOPES)}")
    return text or None


def optional_text(text: str) -> str | None:
    return text or None


def optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression: {error}") from error
    return text


def patterns(text: str) -> tuple[str, ...]:
    found = split(text)
    for pattern in found:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"regular expressions with commas between: {error}") from error
    return found


def models_to_load(text: str) -> tuple[ModelToLoad, ...]:
    """Each an archive, or name=archive; `all` is left to who knows the store."""
    found = []
    for part in split(text):
        name, separator, url = part.rpartition("=")
        if not url.strip() or (separator and not name.strip()):
            raise ValueError(
                "all, or archives with commas between, each model.mar or name=model.mar"
            )
        found.append(ModelToLoad(url=url.strip(), name=name.strip() or None))
    return tuple(found)


def split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
