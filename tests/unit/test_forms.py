"""A request's body becomes the handler's parameters."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from handlers.errors import BadRequest, BodyTooLarge
from serve.dialect.calls import Parameter
from serve.dialect.forms import UnreadableForm, parameters

LIMIT = 1000


def read(limit: int = LIMIT, **sent: object) -> tuple[Parameter, ...]:
    """What httpx would send, as an ASGI server hands it over, in pieces."""
    request = httpx.Request("POST", "http://server/", **sent)  # type: ignore[arg-type]
    body = request.read()
    pieces: Iterator[Message] = iter(
        {"type": "http.request", "body": body[i : i + 100], "more_body": i + 100 < len(body)}
        for i in range(0, max(1, len(body)), 100)
    )

    async def receive() -> Message:
        return next(pieces)

    headers = [(name.lower(), value) for name, value in request.headers.raw]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    return asyncio.run(parameters(Request(scope, receive), limit))


def test_a_raw_body_is_one_parameter_with_its_type() -> None:
    sent = read(content=b"\xff\xd8", headers={"content-type": "image/jpeg; q=1"})

    assert sent == (Parameter(name="body", value=b"\xff\xd8", content_type="image/jpeg"),)


def test_no_body_is_an_empty_one() -> None:
    assert read() == (Parameter(name="body", value=b""),)


def test_each_part_of_a_form_is_a_parameter() -> None:
    sent = read(files={"data": ("a.png", b"\x00\xff", "image/png")}, data={"word": "grün"})

    assert set(sent) == {
        Parameter(name="data", value=b"\x00\xff", content_type="image/png"),
        Parameter(name="word", value="grün".encode()),
    }


def test_a_part_without_a_files_name_keeps_every_byte() -> None:
    every = bytes(range(256))
    body = b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n' + every + b"\r\n--x--\r\n"

    for charset in ("", "; charset=latin-1", "; charset=utf-16"):
        kind = f"multipart/form-data; boundary=x{charset}"
        sent = read(content=body, headers={"content-type": kind})

        assert [one.value for one in sent] == [every]


def test_a_web_form_keeps_every_byte() -> None:
    sent = read(
        content=b"a=%ff%00+x&b=&a=2", headers={"content-type": "application/x-www-form-urlencoded"}
    )

    assert sent == (
        Parameter(name="a", value=b"\xff\x00 x"),
        Parameter(name="b", value=b""),
        Parameter(name="a", value=b"2"),
    )


def test_a_web_form_that_is_none_is_said_and_not_echoed() -> None:
    with pytest.raises(UnreadableForm) as raised:
        read(
            content=b"\xff\xd8secret=\xff",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

    assert raised.value.code == 500
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"no form at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nTrue--x--\r\n"),
        ("multipart/form-data", b"--x"),
    ],
)
def test_a_damaged_form_is_a_bad_request(kind: str, body: bytes) -> None:
    with pytest.raises(BadRequest, match="form is damaged"):
        read(content=body, headers={"content-type": kind})


@pytest.mark.parametrize("kind", ["image/jpeg", "application/x-www-form-urlencoded"])
def test_a_body_over_the_limit_is_refused_and_one_at_it_is_not(kind: str) -> None:
    headers = {"content-type": kind}

    assert sum(len(one.value) for one in read(content=b"a=" + b"x" * 998, headers=headers)) >= 998
    with pytest.raises(BodyTooLarge, match=r"over 0\.001 MB"):
        read(content=b"a=" + b"x" * 999, headers=headers)
