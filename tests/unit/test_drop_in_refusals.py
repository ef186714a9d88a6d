"""What the front answers itself, and what it does when one side goes away."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from serve.drop_in import DropIn, listening
from tests.front import WITHIN_S, Background, background, on_free_ports
from tests.unit.drop_in_backend import Backend, connected, http_backend, until

LIMIT = 6_553_500


@pytest.fixture(scope="module")
def loop() -> Iterator[Background]:
    with background() as loop:
        yield loop


@pytest.fixture
def app() -> Backend:
    return Backend()


@pytest.fixture
def config() -> DropIn:
    return on_free_ports()


@pytest.fixture
def front(loop: Background, app: Backend, config: DropIn) -> Iterator[DropIn]:
    with (
        loop.within(http_backend(app)) as backend,
        loop.within(listening(replace(config, backend=backend))),
    ):
        yield config


@pytest.fixture
def client(front: DropIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{front.inference_address.port}") as client:
        yield client


def test_a_body_over_the_limit_is_refused_before_it_is_read(front: DropIn, app: Backend) -> None:
    with connected(front) as connection:
        connection.sendall(
            f"POST /seen HTTP/1.1\r\nHost: a\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode()
        )
        answer = until(connection, b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 Request Entity Too Large\r\n")
    assert b"content-length: 0\r\n" in answer.lower()
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-type" not in answer.lower()
    assert app.peers == []


def test_a_client_that_sends_all_of_it_reads_the_refusal(client: httpx.Client) -> None:
    answer = client.post("/seen", content=bytes(3 * LIMIT))

    assert (answer.status_code, answer.content) == (413, b"")


def test_a_chunked_body_over_the_limit_is_refused(client: httpx.Client) -> None:
    answer = client.post("/seen", content=(bytes(1_000_000) for _ in range(7)))

    assert (answer.status_code, answer.content) == (413, b"")


@pytest.mark.parametrize(
    ("expect", "length", "answered"),
    [
        ("100-continue", 4, b"HTTP/1.1 100 Continue"),
        ("100-continue", LIMIT + 1, b"HTTP/1.1 413 Request Entity Too Large"),
        ("else", 4, b"HTTP/1.1 417 Expectation Failed"),
    ],
)
def test_who_asks_first_is_told_whether_to_send(
    front: DropIn, expect: str, length: int, answered: bytes
) -> None:
    head = f"POST /seen HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\nExpect: {expect}\r\n\r\n"
    with connected(front) as connection:
        connection.sendall(head.encode())
        first = until(connection, b"\r\n\r\n")
        connection.sendall(b"body")
        second = until(connection, b"}") if b"100" in answered else b""

    assert first.startswith(answered)
    assert (b"200" in second) is (b"100" in answered)


def test_the_backend_hears_of_a_client_that_goes_away(front: DropIn, app: Backend) -> None:
    with connected(front) as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        arrived = app.arrived.acquire(timeout=WITHIN_S)

    assert arrived
    assert app.abandoned.wait(WITHIN_S)


def test_the_backend_hears_of_an_upload_that_ends_early(front: DropIn, app: Backend) -> None:
    with connected(front) as connection:
        connection.sendall(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf")
        arrived = app.arrived.acquire(timeout=WITHIN_S)

    assert arrived
    assert app.abandoned.wait(WITHIN_S)


def test_a_body_is_not_sent_twice(loop: Background, config: DropIn) -> None:
    """The pool asks anew where a kept connection turned out to be closed."""
    with socket.create_server(("127.0.0.1", 0)) as backend:
        url = f"http://127.0.0.1:{backend.getsockname()[1]}"
        with loop.within(listening(replace(config, backend=url))), connected(config) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            peer, _ = backend.accept()
            with peer:
                until(peer, b"\r\n\r\n")
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                until(client, b"ok")
                client.sendall(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
                until(peer, b"body")
            answer = until(client, b"}")

    assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize(
    "sent", [b"no HTTP at all\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"]
)
def test_what_is_no_http_is_refused_and_not_logged(
    front: DropIn, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(front) as connection:
        connection.sendall(b"GET /seen HTTP/1.1\r\nHost: a\r\n\r\n")
        until(connection, b"}")
        connection.sendall(sent)
        answer = until(connection, b"\r\n\r\n")

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert caplog.records == []


@pytest.mark.parametrize("path", ["/die", "/die-chunked"])
def test_half_an_answer_does_not_look_like_a_whole_one(client: httpx.Client, path: str) -> None:
    with pytest.raises(httpx.TransportError):
        client.get(path)

    assert client.get("/seen").is_success


def test_a_backend_that_is_away_is_a_502_in_torchserves_form(
    loop: Background, config: DropIn
) -> None:
    with loop.within(listening(config)):
        answer = httpx.post(f"http://127.0.0.1:{config.inference_address.port}/x", content=b"b")

    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["connection"] == "close"
    assert answer.json() == {
        "code": 502,
        "type": "BadGatewayException",
        "message": "Ray Serve does not answer at http://127.0.0.1:1.",
    }
    assert answer.text.endswith("}\n")
