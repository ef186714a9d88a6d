"""One request over HTTP, from its path to TorchServe's answer."""

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from handlers.errors import Fault
from serve.dialect import access, answers, description, inference, management
from serve.dialect.faults import Internal, InvalidKey, MethodNotAllowed, ResourceNotFound
from serve.dialect.tokens import Tokens

if TYPE_CHECKING:
    from serve.models.server import ModelServer

log = logging.getLogger(__name__)

# Set by the front that listens on TorchServe's three ports (serve.drop_in): which of them this one
# is, with commas between. Without it, all that they offer is on this one address.
PORT_HEADER = "x-skin-port"
DESCRIPTIONS = {
    "inference": description.inference,
    "management": description.management,
    "metrics": description.metrics,
}
TEXT = "text/plain; version=0.0.4; charset=utf-8"
A_BUG = "This request can't be answered: the front's log says why."


class Dialect:
    """`tokens` is None where clients need none."""

    def __init__(self, server: "ModelServer", tokens: Tokens | None) -> None:
        self.server = server
        self.tokens = tokens

    async def answer(self, request: Request) -> Response:
        """Every fault becomes an answer here, and every bug one of TorchServe's form."""
        start = time.perf_counter()
        try:
            found = await self.routed(request)
        except Fault as error:
            found = answers.fault(error)
        except ClientDisconnect:
            # Nothing has failed, and nobody is left to be told.
            return Response()
        except Exception:  # as TorchServe answers its own bugs; the log has what it was
            log.exception("%s %s", request.method, access.target(request))
            found = answers.fault(Internal(A_BUG))
        self.server.metrics.answered(found.status_code)
        access.log(request, found.status_code, time.perf_counter() - start)
        return found

    async def routed(self, request: Request) -> Response:
        # Not the URL's path, from which Starlette leaves out line ends, and in which it quotes.
        path: str = request.scope["path"]
        ports = ports_of(request)
        if not path.startswith("/"):
            raise ResourceNotFound
        if path == "/api-description" or (path == "/" and request.method == "OPTIONS"):
            described = DESCRIPTIONS[min(ports)] if len(ports) == 1 else description.single_port
            return answers.told(described())
        if path.strip("/") == "":
            raise MethodNotAllowed
        found = None
        if self.shows_metrics(ports) and path.split("/")[1] == "metrics":
            names = request.query_params.getlist("name[]")
            text = self.server.metrics.text(names)
            return answers.plain(text.encode(), 200, TEXT)
        if "management" in ports:
            found = await self.managed(request, path)
        if found is None and "inference" in ports:
            found = await self.inferred(request, path)
        if found is None:
            raise ResourceNotFound
        return found

    def shows_metrics(self, ports: set[str]) -> bool:
        return self.server.config.enable_metrics_api and "metrics" in ports

    async def managed(self, request: Request, path: str) -> Response | None:
        """None for what is inference's, where both are on one address."""
        alone = "inference" not in ports_of(request)
        if path == "/token" and self.tokens:
            self.tokens.renew(
                request.query_params.get("type"), request.headers.get("authorization")
            )
            return answers.plain(b"\n", 200, answers.JSON)
        if not alone and not management.owns(path):
            return None
        if self.tokens:
            self.tokens.check("management", request.headers.get("authorization"))
        return await management.answer(request, self.server)

    async def inferred(self, request: Request, path: str) -> Response | None:
        asked, is_ping = inference.wanted(path), path.split("/")[1] == "ping"
        self.admit(request, anybody=asked is None and not is_ping)
        if is_ping:
            return await inference.ping(self.server)
        return await inference.answer(request, asked, self.server) if asked else None

    def admit(self, request: Request, *, anybody: bool) -> None:
        """Where there is nothing, on one address, that is told to whoever has a key."""
        if self.tokens is None:
            return
        authorization = request.headers.get("authorization")
        if anybody and "management" in ports_of(request):
            with suppress(InvalidKey):
                self.tokens.check("management", authorization)
                return
        self.tokens.check("inference", authorization)


def ports_of(request: Request) -> set[str]:
    """Which of TorchServe's ports was asked; all of them on an address that is not one's own."""
    named = request.headers.get(PORT_HEADER, "").split(",")
    return set(DESCRIPTIONS).intersection(named) or set(DESCRIPTIONS)
