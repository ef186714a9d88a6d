"""What the front does to gRPC: it passes bytes, metadata and status on."""

import queue
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import grpc
import pytest

from serve.drop_in import DropIn, listening
from tests.front import WITHIN_S, Background, background, on_free_ports
from tests.unit.drop_in_grpc_backend import (
    FAIL,
    HANG,
    INFERENCE,
    MANAGEMENT,
    PREDICT,
    Methods,
    grpc_backend,
)

LIMIT = 6_553_500
Unary: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"
Answers: TypeAlias = "grpc.UnaryStreamMultiCallable[bytes, bytes]"
Turns: TypeAlias = "grpc.StreamStreamMultiCallable[bytes, bytes]"


@pytest.fixture(scope="module")
def loop() -> Iterator[Background]:
    with background() as loop:
        yield loop


@pytest.fixture
def methods() -> Methods:
    return Methods()


@pytest.fixture
def front(loop: Background, methods: Methods) -> Iterator[DropIn]:
    with loop.within(grpc_backend(methods)) as backend:
        config = replace(on_free_ports(), grpc_backend=backend)
        with loop.within(listening(config)):
            yield config


@pytest.fixture
def channel(front: DropIn) -> Iterator[grpc.Channel]:
    with client(front.grpc_inference_address.port) as channel:
        yield channel


def client(port: int) -> grpc.Channel:
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    return grpc.insecure_channel(f"127.0.0.1:{port}", options=unlimited)


def asked(channel: grpc.Channel, method: str, request: bytes = b"") -> bytes:
    call: Unary = channel.unary_unary(method)
    return call(request, timeout=WITHIN_S)


def test_a_call_passes_with_its_metadata(channel: grpc.Channel) -> None:
    echo: Unary = channel.unary_unary(PREDICT)

    answer, call = echo.with_call(
        b"\0\xffimage", metadata=(("authorization", "Bearer x"),), timeout=WITHIN_S
    )

    assert answer == b"\0\xffimage"
    assert dict(call.initial_metadata())["first"] == "1"
    assert dict(call.trailing_metadata())["token"] == "Bearer x"


def test_status_details_and_trailing_metadata_are_the_backends(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        asked(channel, PREDICT, FAIL)

    assert failed.value.code() == grpc.StatusCode.INTERNAL
    assert failed.value.details() == "Model not found: x\nE"
    trailing = {one.key: one.value for one in failed.value.trailing_metadata()}
    assert trailing["why-bin"] == b"\0"


def test_answers_stream(channel: grpc.Channel) -> None:
    count: Answers = channel.unary_stream(f"{INFERENCE}/StreamPredictions")

    answers = list(count(b"100", timeout=WITHIN_S))

    assert answers == [str(number).encode() for number in range(100)]


def test_questions_and_answers_take_turns(channel: grpc.Channel) -> None:
    questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    chat: Turns = channel.stream_stream(f"{INFERENCE}/StreamPredictions2")
    answers = chat(iter(questions.get, None), timeout=WITHIN_S)

    for question in (b"one", b"two"):
        questions.put(question)
        assert next(answers) == question.upper()
    questions.put(None)
    assert list(answers) == []


def test_a_message_as_large_as_allowed_passes(channel: grpc.Channel) -> None:
    assert asked(channel, PREDICT, bytes(LIMIT)) == bytes(LIMIT)


def test_a_larger_message_is_refused(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        asked(channel, PREDICT, bytes(LIMIT + 1))

    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_the_backend_knows_how_long_a_client_waits(channel: grpc.Channel, methods: Methods) -> None:
    asked(channel, PREDICT)

    assert methods.remaining is not None
    assert 0 < methods.remaining < WITHIN_S + 1  # gRPC rounds up


def test_the_backend_hears_of_a_client_that_goes_away(
    channel: grpc.Channel, methods: Methods
) -> None:
    hang: Unary = channel.unary_unary(PREDICT)
    call = hang.future(HANG)
    hanging = methods.hanging.wait(WITHIN_S)

    call.cancel()

    assert hanging
    assert methods.abandoned.wait(WITHIN_S)


@pytest.mark.parametrize(
    ("port", "method", "served"),
    [
        ("inference", PREDICT, True),
        ("inference", f"{MANAGEMENT}/DescribeModel", False),
        ("management", f"{MANAGEMENT}/DescribeModel", True),
        ("management", PREDICT, False),
        ("inference", f"{INFERENCE}/Unknown", False),
        ("inference", f"{INFERENCE}/", False),
        ("inference", "/else.Service/Ping", False),
    ],
)
def test_each_port_has_its_own_methods(front: DropIn, port: str, method: str, served: bool) -> None:
    address = {
        "inference": front.grpc_inference_address,
        "management": front.grpc_management_address,
    }[port]
    with client(address.port) as channel:
        if served:
            assert asked(channel, method, b"x") == b"x"
            return
        with pytest.raises(grpc.RpcError) as failed:
            asked(channel, method)

    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_backend_that_is_away_is_unavailable(loop: Background) -> None:
    config = on_free_ports()
    with (
        loop.within(listening(config)),
        client(config.grpc_inference_address.port) as channel,
        pytest.raises(grpc.RpcError) as failed,
    ):
        asked(channel, PREDICT)

    assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
