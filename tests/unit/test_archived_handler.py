"""What a request's parameters become before an archive's own handler sees them."""

import pytest

from serve.dialect.calls import Parameter
from serve.models.handler import decoded


@pytest.mark.parametrize(
    ("content_type", "value", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("text/plain", b"hello", "hello"),
        ("application/octet-stream", b"\xff", bytearray(b"\xff")),
        ("application/json", b"{", bytearray(b"{")),
        ("application/json", b"[" * 100_000, bytearray(b"[" * 100_000)),
        ("text/plain", b"\xff", bytearray(b"\xff")),
    ],
    ids=["json", "text", "bytes", "no json", "json without an end", "no text"],
)
def test_what_is_not_what_it_says_it_is_stays_bytes(
    content_type: str, value: bytes, expected: object
) -> None:
    found = decoded(Parameter(name="data", value=value, content_type=content_type))

    assert found == expected
    assert type(found) is type(expected)
