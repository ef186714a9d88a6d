"""The token that a backend wants with each request, from the key file it wrote at its start."""

import json
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import httpx

REFUSED = "InvalidKeyException"
# For each key file: a renewal ends the key of before, which may be another tab's new one.
RENEWING: defaultdict[Path, Lock] = defaultdict(Lock)


@dataclass(frozen=True, kw_only=True)
class KeyFile(httpx.Auth):
    """A key that has expired is renewed once, at `management`; without the file none is sent."""

    path: Path
    management: str

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        key = self.key("inference")
        add(request, key)
        answer = yield request
        if not is_refusal(answer):
            return
        # Another tab's renewal is waited for within this request's time limit, as its own is.
        within = request.extensions.get("timeout", {}).get("read")
        renewing = RENEWING[self.path]
        if not renewing.acquire(timeout=-1 if within is None else within):
            return
        try:
            # What a renewal writes is not read before it is there whole.
            api = self.key("API")
            if api is None:
                return
            # Unless somebody else has renewed it.
            if self.key("inference") == key:
                where = f"{self.management}/token?type=inference"
                renewal = httpx.Request("GET", where, extensions=request.extensions)
                add(renewal, api)
                yield renewal
            key = self.key("inference")
        finally:
            renewing.release()
        add(request, key)
        answer = yield request
        # Another process may have renewed it meanwhile.
        if is_refusal(answer) and self.key("inference") != key:
            add(request, self.key("inference"))
            yield request

    def key(self, kind: str) -> str | None:
        try:
            return str(json.loads(self.path.read_text())[kind]["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def is_refusal(answer: httpx.Response) -> bool:
    if answer.status_code != httpx.codes.BAD_REQUEST:
        return False
    answer.read()
    return REFUSED in answer.text


def add(request: httpx.Request, key: str | None) -> None:
    if key is not None:
        request.headers["authorization"] = f"Bearer {key}"
