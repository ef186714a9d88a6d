"""How the page reaches a backend: by the environment's proxy only where it is elsewhere."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from mar_config.build import ROOT
from streamlit_app.client import (
    BackendDown,
    PredictionFailed,
    State,
    connected,
    predict,
    state,
)
from streamlit_app.settings import Backend, Settings, SettingsError
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


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """Of a server whose certificate is in `tmp_path`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pem_files(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_certificate_of_the_environment_counts_on_this_machine_too(
    tls_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))

    with connected(backend_at(f"https://127.0.0.1:{tls_port}")) as client:
        found = client.get("/ping", timeout=5).status_code

    assert found == 200


def test_a_server_whose_certificate_is_not_trusted_is_not_down(tls_port: int) -> None:
    with connected(backend_at(f"https://127.0.0.1:{tls_port}")) as client:
        with pytest.raises(PredictionFailed, match=r"can't be talked to .*certificate") as fault:
            predict(client, b"image")
        found = state(client)

    assert not isinstance(fault.value, BackendDown)
    assert found is State.UNWELL


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["absent", "other"])
def test_certificates_that_can_not_be_read_are_told_where_they_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "certificates.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    for host in ("127.0.0.1:9", "a.example"):
        connected(backend_at(f"http://{host}")).close()
        with pytest.raises(SettingsError, match="SSL_CERT_FILE must name a file of certificates"):
            connected(backend_at(f"https://{host}"))


def test_the_page_shows_what_is_wrong_with_such_a_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("SKIN_TORCHSERVE_URL", "https://127.0.0.1:9")

    page = AppTest.from_file(str(ROOT / "streamlit_app" / "app.py")).run(timeout=30)

    assert not page.exception
    assert [error.value[:13] for error in page.error] == ["SSL_CERT_FILE"]


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("host", ["a.example", "10.0.0.1"])
def test_a_backend_elsewhere_may_be_behind_a_proxy(host: str) -> None:
    with connected(backend_at(f"http://{host}")) as client:
        assert client.get("/ping", timeout=2).text == "seen by the proxy"
