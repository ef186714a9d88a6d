"""A server's key that expires while it is asked: the file's newer one, or a renewed one."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from handlers.categories import CODES
from train.evaluation import keys
from train.evaluation.keys import Keys
from train.evaluation.predictions import PredictionError, of_url

MANAGEMENT_PORT = "SKIN_TORCHSERVE_MANAGEMENT_PORT"
REFUSED = {"code": 400, "type": "InvalidKeyException", "message": "Token Authorization failed."}


class Server:
    """Wants `key`, which is renewed where the server `has_management`."""

    def __init__(self, file: Path, *, has_management: bool) -> None:
        self.file, self.has_management = file, has_management
        self.key, self.port = "first", 0
        self.refusals = self.renewals = 0
        self.when_refused: Callable[[], None] = lambda: None
        self.write()

    def write(self) -> None:
        self.file.write_text(json.dumps({"inference": {"key": self.key}, "API": {"key": "api"}}))

    def renew(self) -> None:
        self.key = f"renewed {self.renewals}"
        self.renewals += 1
        self.write()

    def answer(self, path: str, token: str) -> tuple[int, dict[str, object]]:
        if path.startswith("/predictions") and token == f"Bearer {self.key}":
            return 200, {"probabilities": dict.fromkeys(CODES, 1 / 9)}
        if path == "/token?type=inference" and token == "Bearer api" and self.has_management:
            self.renew()
            return 200, {}
        self.refusals += 1
        self.when_refused()
        return 400, dict(REFUSED)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/predictions/skin_vit"


@contextmanager
def running(server: Server) -> Iterator[Server]:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, value = server.answer(self.path, self.headers.get("authorization", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        do_POST = do_GET

        def log_message(self, *words: object) -> None:
            """Keeps the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        Thread(target=door.serve_forever, daemon=True).start()
        server.port = door.server_port
        yield server
        door.shutdown()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "key_file.json"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a picture")
    return path


def expired(server: Server) -> None:
    """As after an hour: the file still holds what the server no longer takes."""
    server.key = "another"


def test_a_key_that_expired_is_renewed_where_the_predictions_are(file: Path, picture: Path) -> None:
    with running(Server(file, has_management=True)) as server:
        expired(server)
        rows = of_url(server.url, [picture] * 8, file)

    assert np.isfinite(rows).all()
    # Once, however many threads ask.
    assert server.renewals == 1


def test_it_is_renewed_on_the_port_of_torchserves_management(
    file: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        running(Server(file, has_management=False)) as server,
        running(Server(file, has_management=True)) as management,
    ):
        monkeypatch.setenv(MANAGEMENT_PORT, str(management.port))
        monkeypatch.setattr(management, "renew", lambda: Server.renew(server))
        expired(server)
        rows = of_url(server.url, [picture], file)

    assert np.isfinite(rows).all()
    assert server.renewals == 1


def test_a_key_that_somebody_else_renewed_is_read_from_the_file(file: Path, picture: Path) -> None:
    with running(Server(file, has_management=True)) as server:
        expired(server)
        server.when_refused = server.write
        rows = of_url(server.url, [picture], file)

    assert np.isfinite(rows).all()
    assert (server.refusals, server.renewals) == (1, 0)


def test_a_key_that_cannot_be_renewed_is_told(
    file: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Server(file, has_management=False)) as server:
        # Where no server is.
        monkeypatch.setenv(MANAGEMENT_PORT, "1")
        expired(server)
        with pytest.raises(
            PredictionError,
            match=r"wants a token .* renewed at /token of this address or of port 1;",
        ):
            of_url(server.url, [picture], file)


@pytest.mark.parametrize(
    ("host", "management"),
    [("127.0.0.1:8080", "127.0.0.1:8081"), ("[::1]:8080", "[::1]:8081"), ("a.org", "a.org:8081")],
)
@pytest.mark.parametrize("unset", [None, ""])
def test_management_is_on_the_host_of_the_predictions(
    monkeypatch: pytest.MonkeyPatch, host: str, management: str, unset: str | None
) -> None:
    monkeypatch.delenv(MANAGEMENT_PORT, raising=False)
    if unset is not None:
        monkeypatch.setenv(MANAGEMENT_PORT, unset)

    found = keys.managements(f"https://{host}/predictions/skin_vit")

    assert found == (f"https://{host}", f"https://{management}")


def test_a_file_without_an_api_key_renews_nothing(file: Path) -> None:
    file.write_text('{"inference": {"key": "old"}}')

    assert Keys(file, "http://127.0.0.1:1/predictions/skin_vit").after("old") == "old"
