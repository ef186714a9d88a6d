"""A JSON object whose values are checked as they are read."""


def section(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a JSON object, not {value!r:.50}")
    return value


class Section:
    """A JSON object with a name. Each method raises ValueError for a value that can't be."""

    def __init__(self, name: str, said: object) -> None:
        self.name = name
        self.said = section(name, said)

    def text(self, key: str) -> str:
        value = self.said.get(key)
        if not isinstance(value, str) or not value:
            raise self.unfit(key, "a text")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self.said else None

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self.said.get(key, default)
        if not isinstance(value, bool):
            raise self.unfit(key, "true or false")
        return value

    def number(self, key: str, least: int, default: int | None = None) -> int:
        value = self.said.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.unfit(key, f"a whole number from {least} on")
        return value

    def share(self, key: str, default: float) -> float:
        value = self.said.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.unfit(key, "a number from 0 to 1")
        return float(value)

    def unfit(self, key: str, expected: str) -> ValueError:
        return ValueError(
            f"{key} of {self.name} must be {expected}, not {self.said.get(key)!r:.50}"
        )
