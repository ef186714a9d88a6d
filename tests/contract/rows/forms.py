"""What of a request reaches the handler: each answer is the handler's account of it."""

import base64
from typing import Any

from tests.contract.rows.row import Row, row

PATH = "POST /predictions/acting"
ODD = bytes(range(256))


def raw(name: str, body: bytes, kind: str | None = None) -> Row:
    headers = {"content-type": kind} if kind else {}
    return row(f"forms/{name}", 200, PATH, content=body, headers=headers)


def form(name: str, **sent: Any) -> Row:  # noqa: ANN401
    return row(f"forms/{name}", 200, PATH, **sent)


ROWS: tuple[Row, ...] = (
    raw("empty", b""),
    raw("empty-json", b"", "application/json"),
    raw("bytes", ODD),
    raw("bytes-octets", ODD, "application/octet-stream"),
    raw("bytes-jpeg", b"\xff\xd8\xff", "image/jpeg"),
    raw("bytes-unknown-type", b"abc", "application/x-something"),
    raw("type-is-no-type", b"abc", "something"),
    raw("text", b"hello", "text/plain"),
    raw("text-charset", "é".encode(), "text/plain; charset=utf-8"),
    raw("text-csv", b"a,b\n1,2\n", "text/csv"),
    raw("text-not-utf8", b"\xff\xfe", "text/plain"),
    raw("text-upper-case", b"hello", "TEXT/PLAIN"),
    raw("json-object", b'{"a": [1, 2.5, null, true]}', "application/json"),
    raw("json-list", b"[1, 2, 3]", "application/json"),
    raw("json-string", b'"hello"', "application/json"),
    raw("json-number", b"7", "application/json"),
    raw("json-null", b"null", "application/json"),
    raw("json-unicode", '{"é": "ü"}'.encode(), "application/json"),
    raw("json-charset", b'{"a": 1}', "application/json; charset=utf-8"),
    raw("json-upper-case", b'{"a": 1}', "Application/JSON"),
    raw("json-broken", b'{"a": ', "application/json"),
    raw("json-without-end", b"[" * 100_000, "application/json"),
    raw("json-twice-the-key", b'{"a": 1, "a": 2}', "application/json"),
    raw("json-as-text", b'{"a": 1}', "text/plain"),
    raw("json-untyped", b'{"a": 1}'),
    raw("json-of-another-kind", b'{"a": 1}', "application/vnd.api+json"),
    raw("base64", base64.b64encode(ODD), "text/plain"),
    raw("base64-untyped", base64.b64encode(ODD)),
    form("base64-in-json", json={"data": base64.b64encode(b"abc").decode()}),
    form("file", files={"data": ("a.jpg", ODD, "image/jpeg")}),
    form("file-without-type", files={"data": ("a", b"abc", "")}),
    form("file-text", files={"data": ("a.txt", b"hello", "text/plain")}),
    form("file-json", files={"data": ("a.json", b'{"a": 1}', "application/json")}),
    form("file-json-broken", files={"data": ("a.json", b"{", "application/json")}),
    form("file-empty", files={"data": ("a.bin", b"", "application/octet-stream")}),
    form("file-body", files={"body": ("a.bin", b"abc", "application/octet-stream")}),
    form("file-own-name", files={"my own": ("a.bin", b"abc", "application/octet-stream")}),
    form("files", files={"data": ("a", b"a", "text/plain"), "other": ("b", b"b", "text/plain")}),
    form(
        "same-name-twice",
        files=[("data", ("a", b"a", "text/plain")), ("data", ("b", b"b", "text/plain"))],
    ),
    form("field", files={"data": (None, "hello")}),
    form("field-json", files={"data": (None, '{"a": 1}', "application/json")}),
    form("field-unicode", files={"data": (None, "é")}),
    form("field-and-file", files={"name": (None, "x"), "data": ("a", b"abc", "image/png")}),
    form("urlencoded", data={"data": "hello", "more": "1"}),
    form("urlencoded-escaped", data={"data": "a b&c=é"}),
    raw("urlencoded-plus", b"data=a+b", "application/x-www-form-urlencoded"),
    raw("urlencoded-twice", b"data=a&data=b", "application/x-www-form-urlencoded"),
    raw("urlencoded-no-value", b"data=", "application/x-www-form-urlencoded"),
    raw("urlencoded-bytes", b"data=%FF%00", "application/x-www-form-urlencoded"),
    raw("urlencoded-charset", b"data=a", "application/x-www-form-urlencoded; charset=utf-8"),
    raw("urlencoded-no-pairs", b"%zz\xff", "application/x-www-form-urlencoded"),
    row(
        "forms/urlencoded-image",
        500,
        PATH,
        content=b"\xff\xd8=%zz",
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    form("header", headers={"x-own": "mine"}),
    form("header-in-capitals", headers={"X-OWN": "mine"}),
    *(
        row(
            f"forms/header-asked-{name}",
            200,
            PATH,
            headers={"X-Own": "mine", "x-act": "header_named", "x-value": f'"{name}"'},
        )
        for name in ("X-Own", "x-own", "X-OWN")
    ),
    form("header-explain-is-the-servers", headers={"explain": "True"}),
    form("header-url-path-is-the-servers", headers={"url_path": "mine"}),
    row("forms/legacy-query-and-body", 200, "POST /acting/predict?more=1", content=b"abc"),
    row("forms/legacy-query-escaped", 200, "GET /acting/predict?data=a%20b%26"),
    row(
        "forms/child-data",
        200,
        "POST /predictions/greeting",
        files={"data": ("a", b"abcd", "image/png")},
    ),
    row("forms/child-json", 200, "POST /predictions/greeting", json=[1, 2, 3]),
)
