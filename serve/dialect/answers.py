"""Answers as TorchServe writes them."""

import json
import re
from http import HTTPStatus
from uuid import uuid4

from starlette.responses import Response

from handlers.errors import Fault
from serve.dialect.calls import Outcome, Reply
from serve.dialect.faults import Internal

JSON = "application/json"
# On everything that TorchServe's own code answers.
ALWAYS = {
    "Pragma": "no-cache",
    "Cache-Control": "no-cache; no-store, must-revalidate, private",
    "Expires": "Thu, 01 Jan 1970 00:00:00 UTC",
}
# How an answer is sent is the server's to say, too.
NO_HANDLERS = {*ALWAYS, "Connection", "Content-Length", "Transfer-Encoding"}
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
# The statuses that a server can end an answer with.
FINAL = range(200, 600)


def request_id() -> str:
    return str(uuid4())


def plain(body: bytes, status: int, content_type: str | None) -> Response:
    answer = Response(body, status, headers=ALWAYS)
    if content_type:
        answer.headers["content-type"] = content_type
    return answer


def told(value: object, status: int = 200) -> Response:
    """The server's own JSON, with a newline at its end."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    # Half a surrogate, which JSON can name and UTF-8 can't hold, is named again.
    return plain(text.encode(errors="backslashreplace"), status, JSON)


def done(outcome: Outcome) -> Response:
    return told({"status": outcome.status}, outcome.code)


def fault(error: Fault) -> Response:
    """A handler's 413 is told as 507, a lack of memory, as by TorchServe's HTTP front; a code that
    can't be sent as 500.
    """
    if isinstance(error, Internal) and error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        error.code = HTTPStatus.INSUFFICIENT_STORAGE
    if error.code not in FINAL:
        error.code = HTTPStatus.INTERNAL_SERVER_ERROR
    return told(error.as_json(), error.code)


def replied(reply: Reply) -> Response:
    """A handler's answer; it has a content type only if the handler set one."""
    if reply.status not in FINAL:
        raise Internal(f"The handler's status, {reply.status}, can't be sent: use one of HTTP's.")
    answer = plain(reply.body, reply.status, sendable(reply.content_type))
    for name, value in reply.headers.items():
        if name.title() not in NO_HANDLERS and HEADER.fullmatch(name):
            answer.headers[name] = sendable(value)
    return answer


def sendable(value: str) -> str:
    """In a header: a line's end would begin another one."""
    one_line = re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "?", value).strip()
    return one_line.encode("latin-1", "replace").decode("latin-1")
