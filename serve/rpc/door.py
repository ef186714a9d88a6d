"""What both services share: the front they stand on, tokens, and how a fault is told."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

from grpc import StatusCode

from handlers.errors import Fault
from serve.dialect.calls import Job, Outcome, Registration, Reply, Scaling
from serve.rpc import statuses

Kind = Literal["inference", "management"]


class Context(Protocol):
    """What is used of Ray Serve's RayServegRPCContext."""

    def set_code(self, code: StatusCode) -> None: ...
    def set_details(self, details: str) -> None: ...
    def invocation_metadata(self) -> Sequence[tuple[str, str]]: ...


class Config(Protocol):
    @property
    def model_api_enabled(self) -> bool: ...


class Server(Protocol):
    """What is used of ModelServer."""

    @property
    def config(self) -> Config: ...
    async def healthy(self) -> bool: ...
    async def infer(self, model: str, version: str | None, job: Job, /) -> Reply: ...
    async def register(self, wanted: Registration, /) -> Outcome: ...
    async def unregister(self, name: str, version: str | None, /) -> Outcome: ...
    async def scale(self, name: str, version: str | None, scaling: Scaling, /) -> Outcome: ...
    async def set_default(self, name: str, version: str, /) -> Outcome: ...
    async def describe(
        self, name: str, version: str | None, customized: bool, /
    ) -> list[dict[str, object]]: ...
    def list_models(self, limit: int, token: int, /) -> dict[str, object]: ...


class Tokens(Protocol):
    def check(self, kind: Kind, authorization: str | None, /) -> None: ...


class Door:
    """A unary call that fails sets its code and answers empty: Ray logs what is raised, as a bug.

    A stream must raise, or its code is lost.
    """

    server: Server
    tokens: Tokens | None

    @contextmanager
    def answering(
        self,
        kind: Kind,
        context: Context,
        status: Callable[[Fault], statuses.Status] = statuses.of_management,
    ) -> Iterator[None]:
        """For those with a token; a fault is told to the client, and raised again."""
        try:
            if self.tokens is not None:
                self.tokens.check(kind, dict(context.invocation_metadata()).get("authorization"))
            yield
        except Fault as fault:
            found = status(fault)
            context.set_code(found.code)
            context.set_details(found.details)
            raise


def text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
