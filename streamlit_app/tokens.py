"""The token that a backend wants with each request, from the key file it wrote at its start."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import httpx

REFUSED = "InvalidKeyException"


@dataclass(frozen=True, kw_only=True)
class KeyFile(httpx.Auth):
    """A key that has expired is renewed once, at `management`; without the file none is sent."""

    path: Path
    management: str

    requires_response_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        add(request, self.key("inference"))
        answer = yield request
        api = self.key("API")
        if answer.status_code == httpx.codes.BAD_REQUEST and REFUSED in answer.text and api:
            where = f"{self.management}/token?type=inference"
            # With the request's own time limit.
            renewal = httpx.Request("GET", where, extensions=request.extensions)
            add(renewal, api)
            yield renewal
            add(request, self.key("inference"))
            yield request

    def key(self, kind: str) -> str | None:
        try:
            return str(json.loads(self.path.read_text())[kind]["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def add(request: httpx.Request, key: str | None) -> None:
    if key is not None:
        request.headers["authorization"] = f"Bearer {key}"
