"""A request's line in the access log is TorchServe's."""

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from starlette.requests import Request

from serve.dialect import access

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3} - (?P<client>\S+) \"(?P<request>.*)\" (?P<rest>.*)"
)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "logs" / "access_log.log"
    access.write_to(path)
    yield path
    own = access.logger.handlers[-1]
    access.logger.removeHandler(own)
    own.close()
    access.logger.propagate = True
    access.logger.setLevel(logging.NOTSET)


def request(
    path: str = "/ping",
    raw: bytes | None = None,
    query: bytes = b"",
    client: tuple[str, int] | None = ("127.0.0.1", 50228),
) -> Request:
    return Request(
        {
            "type": "http",
            "method": "PUT",
            "path": path,
            "raw_path": raw,
            "query_string": query,
            "http_version": "1.1",
            "client": client,
            "headers": [],
        }
    )


def logged(file: Path) -> re.Match[str]:
    found = LINE.fullmatch(file.read_text().removesuffix("\n"))
    assert found
    return found


def test_a_line_is_torchserves_to_the_letter() -> None:
    found = access.line(
        datetime(2026, 11, 22, 20, 35, 49, 42_999),
        "127.0.0.1:54110",
        "PUT",
        "/predictions/skin?a=%20",
        "HTTP/1.1",
        200,
        176,
    )

    assert found == (
        '2026-11-22T20:35:49,042 - /127.0.0.1:54110 "PUT /predictions/skin?a=%20 HTTP/1.1" 200 176'
    )


def test_a_request_is_logged_with_its_status_and_milliseconds(file: Path) -> None:
    access.log(request("/ping/a", raw=b"/ping%2Fa", query=b"x=1&y=%20a"), 400, 1.4567)

    found = logged(file)

    assert found["client"] == "/127.0.0.1:50228"
    assert found["request"] == "PUT /ping%2Fa?x=1&y=%20a HTTP/1.1"
    assert found["rest"] == "400 1456"


@pytest.mark.parametrize("raw", [b"/a%0A%22b", None])
def test_a_client_cannot_write_a_line_of_its_own(file: Path, raw: bytes | None) -> None:
    access.log(request('/a\n"b', raw=raw), 404, 0)

    assert logged(file)["request"] == "PUT /a%0A%22b HTTP/1.1"


@pytest.mark.parametrize(
    ("client", "shown"),
    [(("::1", 7), "/[::1]:7"), (None, "/-")],
)
def test_every_client_has_a_name(file: Path, client: tuple[str, int] | None, shown: str) -> None:
    access.log(request(client=client), 200, 0)

    assert logged(file)["client"] == shown


def test_the_lines_are_kept_out_of_the_servers_own_log(file: Path) -> None:
    servers = StringIO()
    handler = logging.StreamHandler(servers)
    logging.getLogger().addHandler(handler)

    access.log(request(), 200, 0)
    logging.getLogger().removeHandler(handler)

    assert servers.getvalue() == ""
    assert logged(file)


@pytest.mark.parametrize("said", ['6.6.6.6:0 "GET /ping HTTP/1.1" 200 1', "someone", ""])
def test_what_a_client_says_of_itself_is_no_line_of_its_own(file: Path, said: str) -> None:
    access.log(request(client=(said, 0)), 200, 0.001)

    assert logged(file)["client"] == "/-"
