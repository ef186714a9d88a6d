"""What the front's tests run it against: a real HTTP server."""

import asyncio
import gzip
import hashlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from serve.drop_in import DropIn
from tests.conftest import free_ports
from tests.front import WITHIN_S

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# A letter in Latin-1, and one in UTF-8.
NOT_ASCII = b"\xe9 \xc3\xa9"
ZIPPED = gzip.compress(b"body")


class Backend:
    """An ASGI application that tells what it saw; each path is one behaviour."""

    def __init__(self) -> None:
        self.peers: list[tuple[str, int]] = []
        self.arrived = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.abandoned = threading.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.peers.append(tuple(scope["client"]))
        path = scope["path"]
        if path == "/stream":
            await self.stream(send)
        elif path == "/wait":
            await self.wait(receive)
        elif path == "/zipped":
            await started(send, [(b"content-encoding", b"gzip")])
            await send({"type": "http.response.body", "body": ZIPPED})
        elif path == "/not-ascii":
            await started(send, [(b"content-length", b"0"), (b"x-own", NOT_ASCII)])
            await send({"type": "http.response.body", "body": b""})
        elif path in ("/die", "/die-chunked"):
            await started(send, [(b"content-length", b"1000")] if path == "/die" else [])
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise RuntimeError("as asked")
        elif path.startswith("/status/"):
            await started(send, [(b"content-length", b"2")], int(path.removeprefix("/status/")))
            await send({"type": "http.response.body", "body": b"ok"})
        elif path == "/large":
            await started(send, [])
            for _ in range(20):
                more = {"type": "http.response.body", "body": bytes(1_000_000), "more_body": True}
                await send(more)
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.tell(scope, receive, send)

    async def tell(self, scope: Message, receive: Receive, send: Send) -> None:
        digest, size, more = hashlib.sha256(), 0, True
        while more:
            message = await receive()
            digest.update(message.get("body", b""))
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            self.arrived.release()
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            # As Starlette reads them.
            "headers": [
                [name.decode(), value.decode("latin-1")] for name, value in scope["headers"]
            ],
            "size": size,
            "sha256": digest.hexdigest(),
        }
        body = json.dumps(told).encode()
        await started(send, [(b"content-length", str(len(body)).encode()), (b"x-two", b"1")])
        await send({"type": "http.response.body", "body": body})

    async def stream(self, send: Send) -> None:
        await started(send, [])
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await asyncio.to_thread(self.go_on.wait, WITHIN_S)
        await send({"type": "http.response.body", "body": b"two"})

    async def wait(self, receive: Receive) -> None:
        self.arrived.release()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.abandoned.set()


async def started(send: Send, headers: list[tuple[bytes, bytes]], status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


@asynccontextmanager
async def http_backend(app: Backend) -> AsyncIterator[str]:
    (port,) = free_ports(1)
    config = uvicorn.Config(
        app, port=port, lifespan="off", log_level="critical", date_header=False, server_header=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


def connected(front: DropIn) -> socket.socket:
    found = socket.create_connection(("127.0.0.1", front.inference_address.port))
    found.settimeout(WITHIN_S)
    return found


def until(connection: socket.socket, end: bytes) -> bytes:
    """What comes up to `end`, or until the other side closes."""
    found = b""
    while end not in found and (more := connection.recv(65536)):
        found += more
    return found
