"""MLflow on this machine is found and asked whatever proxy the environment names."""

import json
import os
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mlflow
import pytest

from registry import address
from registry.address import tracking_uri
from registry.loopback import bypass_proxies, is_loopback


class Registry(BaseHTTPRequestHandler):
    """Healthy, with one model."""

    def do_GET(self) -> None:
        body = json.dumps({"registered_model": {"name": "one"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's, where nobody answers."""
    # It is made once, with the proxies of then.
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")


@pytest.mark.usefixtures("proxy")
def test_our_server_is_found_and_asked_by_no_proxy(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "SERVER", server)

    uri = tracking_uri({})

    assert uri == server
    assert mlflow.MlflowClient(uri).get_registered_model("one").name == "one"


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        ("", "", "127.0.0.1"),
        ("a.b,c", "", "a.b,c,127.0.0.1"),
        ("", "a.b", "a.b,127.0.0.1"),
        ("a.b", "c", "a.b,127.0.0.1"),
    ],
)
def test_other_exceptions_stay(
    monkeypatch: pytest.MonkeyPatch, lower: str, upper: str, expected: str
) -> None:
    monkeypatch.setenv("no_proxy", lower)
    monkeypatch.setenv("NO_PROXY", upper)

    for _ in range(2):
        bypass_proxies("http://127.0.0.1:5001")

    assert (os.environ["no_proxy"], os.environ["NO_PROXY"]) == (expected, expected)


@pytest.mark.usefixtures("proxy")
def test_an_ipv6_address_is_named_as_requests_and_as_urllib_look_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")

    for _ in range(2):
        bypass_proxies("http://[::1]:5001")

    assert os.environ["no_proxy"] == "::1,[::1]"


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize(
    ("url", "said"),
    [("http://mlflow.example", ""), ("sqlite:////a", ""), ("http://127.0.0.1:5001", "*")],
)
def test_what_is_elsewhere_is_asked_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("no_proxy", said)

    bypass_proxies(url)

    assert (os.environ["no_proxy"], os.environ["NO_PROXY"]) == (said, "")


def test_without_a_proxy_the_environment_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(urllib.request.getproxies_environment()):
        for case in (str.lower, str.upper):
            monkeypatch.delenv(case(f"{name}_proxy"), raising=False)

    bypass_proxies("http://127.0.0.1:5001")

    assert "no_proxy" not in os.environ


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://[::1]:8080/a", True),
        ("http://127.0.0.2/a", True),
        ("http://localhost:5001", True),
        ("http://10.0.0.1/a", False),
        ("https://localhost.example.org/a", False),
        ("http://[::1", False),
        ("databricks", False),
    ],
)
def test_this_machine_is_known_by_its_address(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
