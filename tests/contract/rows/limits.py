"""What is answered without asking a handler: sizes, expectations, headers of the connection."""

from tests.contract.rows import views
from tests.contract.rows.row import Row, row

PATH = "POST /predictions/acting"
# The servers' max_request_size.
LIMIT = 20_000_000
LENGTH = {"x-act": "answer", "content-type": "application/octet-stream"}


ROWS: tuple[Row, ...] = (
    row("limits/largest", 200, PATH, content=bytes(LIMIT), headers=LENGTH),
    row(
        "limits/too-large", 413, PATH, content=bytes(LIMIT + 1), headers=LENGTH, view=views.nothing
    ),
    row(
        "limits/too-large-to-continue",
        413,
        PATH,
        content=bytes(LIMIT + 1),
        headers=LENGTH | {"expect": "100-continue"},
        view=views.nothing,
    ),
    row(
        "limits/too-large-for-nobody",
        413,
        "POST /nothing",
        content=bytes(LIMIT + 1),
        headers=LENGTH,
    ),
    row("limits/continue", 200, PATH, content=b"abc", headers=LENGTH | {"expect": "100-continue"}),
    row("limits/expects-else", 417, PATH, content=b"abc", headers=LENGTH | {"expect": "more"}),
    row("limits/own-request-id", 200, PATH, headers={"x-act": "answer", "x-request-id": "mine"}),
    row("limits/own-request-id-refused", 404, "GET /nothing", headers={"x-request-id": "mine"}),
    row("limits/close", 200, PATH, headers={"x-act": "answer", "connection": "close"}),
    row("limits/close-refused", 404, "GET /nothing", headers={"connection": "close"}),
    row(
        "limits/compressed-is-not-unpacked",
        200,
        PATH,
        content=b"abc",
        headers={"content-encoding": "gzip"},
    ),
    row("limits/wants-html", 200, "GET /ping", headers={"accept": "text/html"}),
    row("limits/wants-compressed", 200, "GET /ping", headers={"accept-encoding": "gzip"}),
    row(
        "limits/long-query",
        200,
        f"GET /predictions/acting?x={'y' * 3000}",
        headers={"x-act": "answer"},
    ),
    row("limits/long-path", 404, f"GET /predictions/{'y' * 2000}"),
    row("limits/long-header", 200, PATH, headers={"x-act": "answer", "x-own": "y" * 6000}),
    row("limits/dots-in-the-path", 404, "GET /predictions/acting", raw="/predictions/../models"),
    row("limits/slashes-in-the-path", 404, "GET /predictions/acting", raw="//predictions//acting"),
    row("limits/escaped-slash", 200, "GET /predictions/acting", raw="/predictions%2Facting"),
    row("limits/escaped-letter", 200, "GET /predictions/acting", raw="/predictions/%61cting"),
)
