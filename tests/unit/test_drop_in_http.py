"""What the front does to HTTP: as little as possible."""

import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from serve.drop_in import DropIn, listening
from tests.front import WITHIN_S, Background, background, on_free_ports
from tests.unit.drop_in_backend import NOT_ASCII, ZIPPED, Backend, connected, http_backend, until

LIMIT = 6_553_500
PORTS = ("inference", "management", "metrics")


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


@pytest.mark.parametrize("port", PORTS)
def test_the_backend_is_told_which_port_was_asked(front: DropIn, port: str) -> None:
    url = f"http://127.0.0.1:{front.http_addresses[port].port}/seen"

    told = httpx.get(url, headers={"X-Skin-Port": "forged"}).json()

    assert [value for name, value in told["headers"] if name == "x-skin-port"] == [port]


def test_one_address_for_all_is_not_told_apart(
    loop: Background, app: Backend, config: DropIn
) -> None:
    one = config.inference_address
    with (
        loop.within(http_backend(app)) as backend,
        loop.within(
            listening(replace(config, backend=backend, management_address=one, metrics_address=one))
        ),
    ):
        told = httpx.get(f"http://127.0.0.1:{one.port}/seen", headers={"x-skin-port": "f"}).json()

    assert dict(told["headers"])["x-skin-port"] == "inference,management,metrics"


def test_a_request_arrives_as_it_was_sent_and_nothing_is_added(front: DropIn) -> None:
    with connected(front) as connection:
        connection.sendall(
            b"PATCH //a%2Fb/%C3%A4/..?x=%20+&y[]=1 HTTP/1.1\r\nHost: some.where\r\n"
            b"X-A: 1\r\nX-A: 2\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n"
            b"Connection: keep-alive\r\n\r\nbody"
        )
        answer = until(connection, b"}")
    told = json.loads(answer.partition(b"\r\n\r\n")[2])

    assert told["method"] == "PATCH"
    assert (told["path"], told["query"]) == ("//a%2Fb/%C3%A4/..", "x=%20+&y[]=1")
    assert sorted(map(tuple, told["headers"])) == [
        ("content-encoding", "gzip"),
        ("content-length", "4"),
        ("host", "some.where"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-skin-port", "inference"),
    ]
    assert told["sha256"] == hashlib.sha256(b"body").hexdigest()


def test_headers_keep_bytes_beyond_ascii_both_ways(front: DropIn) -> None:
    with connected(front) as connection:
        connection.sendall(b"GET /seen HTTP/1.1\r\nHost: a\r\nX-Own: " + NOT_ASCII + b"\r\n\r\n")
        told = json.loads(until(connection, b"}").partition(b"\r\n\r\n")[2])
        connection.sendall(b"GET /not-ascii HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = until(connection, b"\r\n\r\n")

    assert dict(told["headers"])["x-own"].encode("latin-1") == NOT_ASCII
    assert b"x-own: " + NOT_ASCII + b"\r\n" in answer.lower()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_any_method_passes_with_and_without_a_body(client: httpx.Client, method: str) -> None:
    without = client.request(method, "/seen").json()
    with_body = client.request(method, "/seen", content=b"body").json()

    assert (without["method"], without["size"]) == (method, 0)
    assert (with_body["method"], with_body["size"]) == (method, 4)


def test_head_has_the_length_and_no_body(client: httpx.Client) -> None:
    answer = client.head("/seen")

    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""
    assert client.get("/seen").is_success


def test_an_answer_gets_no_header_that_the_backend_did_not_give(client: httpx.Client) -> None:
    answer = client.get("/seen")

    assert sorted(answer.headers) == ["connection", "content-length", "x-two"]
    assert answer.headers["connection"] == "keep-alive"


def test_a_body_as_large_as_allowed_arrives_whole(client: httpx.Client) -> None:
    body = bytes(range(256)) * (LIMIT // 256) + b"." * (LIMIT % 256)

    told = client.post("/seen", content=body).json()

    assert (told["size"], told["sha256"]) == (LIMIT, hashlib.sha256(body).hexdigest())


def test_a_chunked_body_arrives_chunk_by_chunk(front: DropIn, app: Backend) -> None:
    with connected(front) as connection:
        connection.sendall(b"POST /seen HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"3\r\none\r\n")
        first = app.arrived.acquire(timeout=WITHIN_S)
        connection.sendall(b"3\r\ntwo\r\n0\r\n\r\n")
        told = json.loads(until(connection, b"}").partition(b"\r\n\r\n")[2])

    assert first
    assert told["sha256"] == hashlib.sha256(b"onetwo").hexdigest()


def test_an_answer_is_passed_on_while_it_grows(client: httpx.Client, app: Backend) -> None:
    with client.stream("GET", "/stream") as answer:
        chunks = answer.iter_bytes()
        first = next(chunks)
        app.go_on.set()
        rest = b"".join(chunks)

    assert (first, rest) == (b"one", b"two")


def test_a_large_answer_passes_whole(client: httpx.Client) -> None:
    assert client.get("/large").content == bytes(20_000_000)


def test_an_encoded_answer_stays_encoded(client: httpx.Client) -> None:
    with client.stream("GET", "/zipped") as answer:
        sent = b"".join(answer.iter_raw())

    assert sent == ZIPPED
    assert answer.headers["content-encoding"] == "gzip"


def test_connections_to_the_backend_are_kept(client: httpx.Client, app: Backend) -> None:
    for _ in range(3):
        client.post("/seen", content=b"body")

    assert len(set(app.peers)) == 1


@pytest.mark.parametrize(("status", "open_after"), [(200, True), (299, True), (404, False)])
def test_an_error_closes_the_connection(front: DropIn, status: int, open_after: bool) -> None:
    with connected(front) as connection:
        connection.sendall(f"GET /status/{status} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        first = until(connection, b"ok")
        if open_after:
            connection.sendall(b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n")
        second = until(connection, b"ok")

    assert f" {status} ".encode() in first
    assert (b"connection: close" in first.lower()) is not open_after
    assert (b" 200 " in second) is open_after


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 ", b"HTTP/1.1 418 Custom Phrase"])
def test_the_status_line_is_the_backends(loop: Background, config: DropIn, line: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as backend:
        url = f"http://127.0.0.1:{backend.getsockname()[1]}"
        with loop.within(listening(replace(config, backend=url))), connected(config) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            peer, _ = backend.accept()
            with peer:
                until(peer, b"\r\n\r\n")
                peer.sendall(line + b"\r\nContent-Length: 2\r\n\r\nok")
                answer = until(client, b"ok")

    assert answer.startswith(line + b"\r\n")
