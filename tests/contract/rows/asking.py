"""Sends a step to one server."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.contract.rows.row import Step

PORTS = ("inference", "management", "metrics")
ANSWERS_WITHIN_S = 90
# So that a worker has taken the first when the next one comes to its queue.
APART_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Target:
    """One server's base URLs, the keys of its tokens by kind, and its model store."""

    inference: str
    management: str
    metrics: str
    store: Path
    tokens: dict[str, str] | None = None

    @property
    def one_address(self) -> bool:
        return self.inference == self.management


class Asker:
    """One connection pool for each port."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.stack = ExitStack()
        self.clients = {
            port: self.stack.enter_context(
                httpx.Client(
                    base_url=getattr(target, port),
                    headers=authorization(target, port),
                    timeout=ANSWERS_WITHIN_S,
                )
            )
            for port in PORTS
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stack.close()

    def answers(self, step: Step) -> list[httpx.Response]:
        """Of all that are under way together, in order of status and body."""
        if not step.bodies:
            return [self.answer(step)]
        with ThreadPoolExecutor(len(step.bodies)) as pool:
            found = list(pool.map(self.answer_later, repeat(step), count(), step.bodies))
        return sorted(found, key=lambda answer: (answer.status_code, answer.content))

    def answer_later(self, step: Step, place: int, body: bytes) -> httpx.Response:
        time.sleep(place * APART_S)
        return self.answer(step, body)

    def answer(self, step: Step, body: bytes | None = None) -> httpx.Response:
        sent = step.sent if body is None else {"content": body}
        request = self.clients[step.port].build_request(
            step.method, step.path, headers=dict(step.headers), **sent
        )
        if step.raw is not None:
            request.extensions["target"] = step.raw.encode()
        return self.clients[step.port].send(request)


def authorization(target: Target, port: str) -> dict[str, str]:
    if target.tokens is None or port == "metrics":
        return {}
    return {"authorization": f"Bearer {target.tokens[port]}"}
