"""Java's .properties, read and written as java.util.Properties does."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# Java reads each byte as one character; what is beyond stands there as \uXXXX.
ENCODING = "latin-1"
SPACE = " \t\f"
LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
ESCAPES = {value: f"\\{letter}" for letter, value in LETTERS.items()}
KEY = re.compile(r"(?:\\.|[^\\=: \t\f])*", re.DOTALL)
SEPARATOR = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")


class PropertiesError(Exception):
    """A setting that can't work; the text names file, line and key, and says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Property:
    key: str
    value: str
    line: int


def read(path: Path) -> dict[str, Property]:
    """The last one of a key counts. Raises PropertiesError."""
    try:
        text = path.read_text(ENCODING)
    except OSError as error:
        raise PropertiesError(f"{path} can't be read: {error.strerror}.") from error
    try:
        return parse(text)
    except ValueError as error:
        raise PropertiesError(f"{path}, {error}") from error


def parse(text: str) -> dict[str, Property]:
    """Raises ValueError for a broken \\uXXXX, with its line."""
    found: dict[str, Property] = {}
    for number, line in logical_lines(text):
        key = KEY.match(line)
        assert key is not None  # It matches nothing at all too.
        separator = SEPARATOR.match(line, key.end())
        assert separator is not None
        try:
            name, value = unescaped(key[0]), unescaped(line[separator.end() :])
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        found[name] = Property(key=name, value=value, line=number)
    return found


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Comments and blanks left out, continued lines joined, each with its first line's number."""
    lines = enumerate(re.split(r"\r\n|\r|\n", text), start=1)
    for number, line in lines:
        whole = line.lstrip(SPACE)
        if not whole or whole[0] in "#!":
            continue
        while continues(whole):
            _, following = next(lines, (0, ""))
            whole = whole[:-1] + following.lstrip(SPACE)
        yield number, whole


def continues(line: str) -> bool:
    """An even number of backslashes at the end are escaped ones."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def unescaped(text: str) -> str:
    plain = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one_unescaped, text, flags=re.DOTALL)
    # Characters beyond the first 65,536 are written as two.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def one_unescaped(found: re.Match[str]) -> str:
    escaped = found[1]
    if escaped == "u":
        raise ValueError("\\u must be followed by four hexadecimal digits.")
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    return LETTERS.get(escaped, escaped)


def written(values: Mapping[str, str]) -> str:
    return "".join(
        f"{escaped(key, every_space=True)}={escaped(value, every_space=False)}\n"
        for key, value in values.items()
    )


def escaped(text: str, every_space: bool) -> str:
    """In a value, only a first space would be taken for the separator's."""
    inner = "".join(one_escaped(character) for character in text)
    if every_space:
        return inner.replace(" ", "\\ ")
    return f"\\{inner}" if inner.startswith(" ") else inner


def one_escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character in "\\=:#!":
        return f"\\{character}"
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{units[place]:02X}{units[place + 1]:02X}" for place in range(0, len(units), 2)
    )
