"""Forwards what comes to one of TorchServe's HTTP ports to Ray Serve's address."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

# Tells the application which of TorchServe's ports was asked.
PORT_HEADER = "x-skin-port"
# They concern one connection, so they end here.
HOP_BY_HOP = (
    hdrs.CONNECTION,
    hdrs.EXPECT,
    hdrs.KEEP_ALIVE,
    hdrs.PROXY_AUTHENTICATE,
    hdrs.PROXY_AUTHORIZATION,
    "Proxy-Connection",
    hdrs.TE,
    hdrs.TRAILER,
    hdrs.TRANSFER_ENCODING,
    hdrs.UPGRADE,
)
# The client's own library would add them to a request, the server's to an answer.
ADDED_TO_REQUESTS = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)
ADDED_TO_ANSWERS = (hdrs.CONTENT_TYPE, hdrs.DATE, hdrs.SERVER)
GIVEN = web.ResponseKey("given", frozenset)

CONNECT_WITHIN_S = 5
# Below uvicorn's 5: a connection must not be closed there while a request is on its way to it.
IDLE_S = 4


class TooLarge(Exception):
    """A body that has no content-length turned out to be over the limit."""


def session() -> aiohttp.ClientSession:
    """A pool of connections to Ray Serve; an answer may take as long as a model does."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=ADDED_TO_REQUESTS,
        auto_decompress=False,
    )


def application(
    backend: str, pool: aiohttp.ClientSession, max_request_size: int, ports: list[str]
) -> web.Application:
    """`ports`: which of TorchServe's this address is."""
    door = Door(backend, pool, max_request_size, ports)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", door.forward, expect_handler=door.expect)
    app.on_response_prepare.append(without_additions)
    return app


class Body:
    """A request's body as it comes in; never whole in memory."""

    def __init__(self, content: aiohttp.StreamReader, limit: int) -> None:
        self.content = content
        self.left = limit
        self.begun = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.begun:
            # The pool tries some requests again, and what was read is gone.
            raise aiohttp.ClientConnectionError("a body can be sent once only")
        self.begun = True
        async for chunk in self.content.iter_any():
            self.left -= len(chunk)
            if self.left < 0:
                raise TooLarge
            yield chunk


class Door:
    def __init__(
        self, backend: str, pool: aiohttp.ClientSession, max_request_size: int, ports: list[str]
    ) -> None:
        self.backend = backend.rstrip("/")
        self.pool = pool
        self.max_request_size = max_request_size
        self.ports = ",".join(ports)

    async def expect(self, request: web.Request) -> web.StreamResponse | None:
        """Whether a client may go on and send its body."""
        if request.headers[hdrs.EXPECT].lower() != "100-continue":
            return empty(HTTPStatus.EXPECTATION_FAILED)
        if (request.content_length or 0) > self.max_request_size:
            return empty(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
        return None

    async def forward(self, request: web.Request) -> web.StreamResponse:
        if (request.content_length or 0) > self.max_request_size:
            return empty(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = Body(request.content, self.max_request_size) if request.body_exists else None
        try:
            answer = await self.pool.request(
                request.method,
                URL(self.backend + request.rel_url.raw_path_qs, encoded=True),
                headers=self.headers(request),
                data=body,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError):
            if body and body.left < 0:
                return empty(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return self.away()
        async with answer:
            return await passed_on(answer, request)

    def headers(self, request: web.Request) -> CIMultiDict[str]:
        headers = request.headers.copy()
        for name in (*HOP_BY_HOP, PORT_HEADER):
            headers.popall(name, None)
        headers[PORT_HEADER] = self.ports
        # What a client says of itself is not what the access log is to believe.
        headers[hdrs.X_FORWARDED_FOR] = request.remote or ""
        return headers

    def away(self) -> web.Response:
        fault = {
            "code": 502,
            "type": "BadGatewayException",
            "message": f"Ray Serve does not answer at {self.backend}.",
        }
        answer = web.json_response(text=json.dumps(fault, indent=2) + "\n", status=502)
        answer[GIVEN] = frozenset([hdrs.CONTENT_TYPE])
        answer.force_close()
        return answer


async def passed_on(answer: aiohttp.ClientResponse, request: web.Request) -> web.StreamResponse:
    headers = answer.headers.copy()
    for name in HOP_BY_HOP:
        headers.popall(name, None)
    out = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    out[GIVEN] = frozenset(name for name in ADDED_TO_ANSWERS if name in headers)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        out.force_close()
    await out.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await out.write(chunk)
    except aiohttp.ClientError:
        # A half answer must not look like a whole one.
        if request.transport:
            request.transport.abort()
        return out
    await out.write_eof()
    return out


def empty(status: HTTPStatus) -> web.Response:
    """As TorchServe answers before its own code sees a request."""
    return web.Response(status=status, reason=status.phrase)


async def without_additions(request: web.Request, answer: web.StreamResponse) -> None:
    given = answer.get(GIVEN, frozenset())
    for name in ADDED_TO_ANSWERS:
        if name not in given:
            answer.headers.pop(name, None)
    # TorchServe says so, where HTTP/1.1 takes it for granted.
    if answer.keep_alive:
        answer.headers.setdefault(hdrs.CONNECTION, "keep-alive")
