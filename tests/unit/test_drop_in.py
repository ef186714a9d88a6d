"""The front as a whole: its ports, its TLS, its beginning and its end."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import grpc
import httpx
import psutil
import pytest

from serve.dialect.property_values import Address
from serve.drop_in import DropIn, DropInError, listening, run
from tests.front import WITHIN_S, Background, background, on_free_ports
from tests.pem import pem_files
from tests.unit.drop_in_backend import Backend, http_backend
from tests.unit.drop_in_grpc_backend import PREDICT, Methods, grpc_backend

SETTINGS = (
    "inference_address",
    "management_address",
    "metrics_address",
    "grpc_inference_address",
    "grpc_management_address",
)


@pytest.fixture(scope="module")
def loop() -> Iterator[Background]:
    with background() as loop:
        yield loop


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return pem_files(tmp_path_factory.mktemp("pem"))


def secured(config: DropIn, *settings: str) -> DropIn:
    return replace(
        config,
        **{name: replace(getattr(config, name), secure=True) for name in settings},
    )


def test_grpc_on_ipv6(loop: Background) -> None:
    config = on_free_ports()
    config = replace(
        config, grpc_inference_address=replace(config.grpc_inference_address, host="::1")
    )

    with loop.within(listening(config)):
        socket.create_connection(("::1", config.grpc_inference_address.port), WITHIN_S).close()


def test_https_by_pem_files(loop: Background, pem: tuple[Path, Path]) -> None:
    certificate, key = pem
    config = replace(
        secured(on_free_ports(), "management_address"),
        certificate_file=certificate,
        private_key_file=key,
    )
    trusting = ssl.create_default_context(cafile=str(certificate))
    with (
        loop.within(http_backend(Backend())) as backend,
        loop.within(listening(replace(config, backend=backend))),
    ):
        url = f"://127.0.0.1:{config.management_address.port}/seen"
        told = httpx.post("https" + url, content=bytes(1_000_000), verify=trusting).json()
        with pytest.raises(httpx.TransportError):
            httpx.get("http" + url)
        plain = httpx.get(f"http://127.0.0.1:{config.inference_address.port}/seen")

    assert told["size"] == 1_000_000
    assert dict(told["headers"])["x-skin-port"] == "management"
    assert plain.is_success


def test_grpc_with_tls_by_the_same_files(loop: Background, pem: tuple[Path, Path]) -> None:
    certificate, key = pem
    config = replace(
        secured(on_free_ports(), "grpc_inference_address"),
        certificate_file=certificate,
        private_key_file=key,
    )
    trusting = grpc.ssl_channel_credentials(certificate.read_bytes())
    with (
        loop.within(grpc_backend(Methods())) as backend,
        loop.within(listening(replace(config, grpc_backend=backend))),
        grpc.secure_channel(f"127.0.0.1:{config.grpc_inference_address.port}", trusting) as channel,
    ):
        echo: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(PREDICT)
        answer = echo(b"x", timeout=WITHIN_S)

    assert answer == b"x"


@pytest.mark.parametrize("setting", ["inference_address", "grpc_management_address"])
def test_tls_without_files_is_named(loop: Background, setting: str) -> None:
    with pytest.raises(DropInError, match="certificate_file and private_key_file"):
        loop.start(run(secured(on_free_ports(), setting))).result(WITHIN_S)


@pytest.mark.parametrize("setting", ["inference_address", "grpc_management_address"])
@pytest.mark.parametrize("written", [None, "not PEM"])
def test_a_file_that_is_no_pem_is_named(
    loop: Background, pem: tuple[Path, Path], tmp_path: Path, setting: str, written: str | None
) -> None:
    wrong = tmp_path / "wrong.pem"
    if written:
        wrong.write_text(written)
    config = replace(
        secured(on_free_ports(), setting), certificate_file=wrong, private_key_file=pem[1]
    )

    with pytest.raises(DropInError, match=r"wrong\.pem"):
        loop.start(run(config)).result(WITHIN_S)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_port_in_use_is_named_and_the_others_are_free_again(
    loop: Background, setting: str
) -> None:
    config = on_free_ports()
    taken = getattr(config, setting).port
    with (
        socket.create_server(("127.0.0.1", taken)),
        pytest.raises(DropInError, match=rf"^Port {taken} .* in use .* {setting} another\.$"),
    ):
        loop.start(run(config)).result(WITHIN_S)

    with loop.within(listening(config)):
        assert listens(config.inference_address)


def test_a_second_front_on_the_same_ports_is_refused(loop: Background) -> None:
    config = on_free_ports()
    other = replace(on_free_ports(), grpc_inference_address=config.grpc_inference_address)
    with loop.within(listening(config)), pytest.raises(DropInError, match="grpc_inference_address"):
        loop.start(run(other)).result(WITHIN_S)


def test_when_cancelled_it_answers_what_is_under_way_and_listens_no_more(loop: Background) -> None:
    config, app = on_free_ports(), Backend()
    with loop.within(http_backend(app)) as backend, ThreadPoolExecutor(1) as pool:
        running = loop.start(run(replace(config, backend=backend)))
        until(lambda: all(listens(getattr(config, name)) for name in SETTINGS))
        url = f"http://127.0.0.1:{config.inference_address.port}/stream"
        with httpx.Client() as client, client.stream("GET", url) as answer:
            chunks = answer.iter_bytes()
            first = next(chunks)
            running.cancel()
            rest = pool.submit(b"".join, chunks)
            until(lambda: not listens(config.inference_address))
            time.sleep(0.5)  # it is at its end now, and the answer is not
            app.go_on.set()
            assert (first, rest.result(WITHIN_S)) == (b"one", b"two")
        with pytest.raises(CancelledError):
            running.result(WITHIN_S)
        until(lambda: not any(listens(getattr(config, name)) for name in SETTINGS))


def test_torchserves_ports_are_the_defaults() -> None:
    config = DropIn(backend="http://127.0.0.1:8000", grpc_backend="127.0.0.1:9000")

    assert [getattr(config, name).port for name in SETTINGS] == [8080, 8081, 8082, 7070, 7071]
    assert {getattr(config, name).host for name in SETTINGS} == {"127.0.0.1"}
    assert config.max_request_size == 6_553_500


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def listens(address: Address) -> bool:
    """Asked of the system: a connection made while the front ends stays open in asyncio."""
    return any(
        one.status == psutil.CONN_LISTEN and one.laddr.port == address.port
        for one in psutil.Process().net_connections("tcp")
    )
