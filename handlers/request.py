"""What is asked about one picture."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Request:
    """`explain` asks for the relevance of `target` (a code; else the top category's), `overlay`
    for a PNG of it."""

    body: bytes
    explain: bool = False
    target: str | None = None
    overlay: bool = False
