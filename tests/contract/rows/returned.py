"""What a handler returns, and the headers, type and status it sets."""

import json
from typing import Any

from tests.contract.rows.row import Row, row

PATH = "POST /predictions/acting"
NESTED = {"label": "MEL", "p": [0.1, 1e-9, 1e21, -0.0], "more": {"none": None, "yes": True}}
JPEG = "ÿØÿ\x00"


def act(name: str, word: str, value: Any, status: int = 200, path: str = PATH) -> Row:  # noqa: ANN401
    """`value` is what the handler gets to do it with."""
    headers = {"x-act": word, "x-value": json.dumps(value)}
    return row(name, status, path, headers=headers)


VALUES: dict[str, Any] = {
    "string": "hello",
    "string-empty": "",
    "string-unicode": "é ü 漢",
    "string-of-json": '{"a": 1}',
    "dict": NESTED,
    "dict-empty": {},
    "dict-unicode": {"é": "漢"},
    "list": [1, 2, 3],
    "list-empty": [],
    "list-nested": [[1.5], [2.5]],
    "number": 7,
    "float": 0.1,
    "true": True,
    "false": False,
    "none": None,
    "not-a-number": float("nan"),
}

ROWS: tuple[Row, ...] = (
    *(act(f"returned/{name}", "answer", value) for name, value in VALUES.items()),
    act("returned/bytes", "as_bytes", JPEG),
    act("returned/bytes-empty", "as_bytes", ""),
    act("returned/headers", "headers", {"x-mine": "1", "X-Other": "a b"}),
    act("returned/header-beyond-ascii", "headers", {"x-mine": "é ü"}),
    act("returned/header-cache-control", "headers", {"Cache-Control": "max-age=9"}),
    act("returned/header-content-type", "headers", {"content-type": "image/png"}),
    act("returned/header-content-type-in-capitals", "headers", {"Content-Type": "image/png"}),
    act("returned/header-location", "headers", {"location": "/elsewhere"}),
    act("returned/header-set-cookie", "headers", {"set-cookie": "a=b; Path=/"}),
    act("returned/header-empty", "headers", {"x-empty": ""}),
    act("returned/content-type", "content_type", "application/json"),
    act("returned/content-type-charset", "content_type", "text/plain; charset=utf-8"),
    act("returned/content-type-own", "content_type", "application/x-mine"),
    *(
        act(f"returned/status-{code}", "status", [code, "My own phrase"], code)
        for code in (200, 201, 202, 299, 302, 400, 404, 418, 429, 500, 503)
    ),
    act("returned/status-without-phrase", "status", [201, ""], 201),
    act("returned/all-status", "all_status", [418, "My own phrase"], 418),
    act("returned/about", "about", None),
    act("returned/about-other-version", "about", None, path=f"{PATH}/2.0"),
    act("returned/explained-headers", "headers", {"x-mine": "1"}, path="POST /explanations/acting"),
    act(
        "returned/kserve-headers", "headers", {"x-mine": "1"}, path="POST /v1/models/acting:predict"
    ),
)
