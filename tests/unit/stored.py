"""What the tests of the model store ask it for, and a site that it fetches archives from."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from handlers.errors import Fault
from serve.models.store import ModelStore

seen: list[str] = []


class Archives(BaseHTTPRequestHandler):
    """/spots.mar is an archive, /to?<url> leads there, the others are as their names say."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        seen.append(self.path)
        if path in ("/to/spots.mar", "/round.mar"):
            self.send_response(302)
            self.send_header("Location", query or self.path)
            self.end_headers()
        elif path == "/missing.mar":
            self.send_error(404)
        elif path == "/silent.mar":
            time.sleep(2)
        elif path == "/short.mar":
            self.answered(b"half", length=100)
        else:
            self.answered(b"an archive", length=10)

    def answered(self, body: bytes, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def site() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Archives) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetched(store: ModelStore, url: str) -> Path:
    return asyncio.run(store.fetch(url))


def refusal(store: ModelStore, url: str) -> tuple[type[Fault], str]:
    """Of what was asked for, which leaves nothing behind in the store."""
    before = sorted(store.root.iterdir())
    with pytest.raises(Fault) as caught:
        fetched(store, url)
    assert sorted(store.root.iterdir()) == before
    return type(caught.value), str(caught.value)
