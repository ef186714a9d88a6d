"""How the page reaches a backend: by the environment's proxy only where it is elsewhere."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from streamlit_app.client import connected
from streamlit_app.settings import Backend, Settings
from tests.pem import pem_files


class Proxy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"seen by the proxy")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield
        server.shutdown()


def backend_at(url: str) -> Backend:
    return replace(Settings.from_env({}).backends[0], url=url)


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])
def test_a_proxy_sees_nothing_that_stays_on_this_machine(host: str) -> None:
    with connected(backend_at(f"http://{host}:9")) as client, pytest.raises(httpx.ConnectError):
        client.get("/ping", timeout=2)


def test_a_certificate_of_the_environment_counts_on_this_machine_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = pem_files(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        backend = backend_at(f"https://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with connected(backend) as client:
            found = client.get("/ping", timeout=5).status_code
        server.shutdown()

    assert found == 200


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("host", ["a.example", "10.0.0.1"])
def test_a_backend_elsewhere_may_be_behind_a_proxy(host: str) -> None:
    with connected(backend_at(f"http://{host}")) as client:
        assert client.get("/ping", timeout=2).text == "seen by the proxy"
