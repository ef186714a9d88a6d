"""Both backends answer TorchServe's gRPC services alike: code, details and body."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from serve.rpc import inference_pb2_grpc, management_pb2_grpc
from tests import images
from tests.contract import grpc_rows
from tests.contract.conftest import GrpcTarget
from tests.contract.grpc_row import METHODS, Row, default, predict, register, unregister
from tests.contract.grpc_rows import IDLE, SERVED, WORKING

TIMEOUT_S = 90
JPEG = images.encoded(images.lesion(), "JPEG")
# Of each backend its own.
OWN_VALUES = {"id", "startTime", "memoryUsage", "pid", "remainingCapacity"}
NO_TOKEN = (
    grpc.StatusCode.PERMISSION_DENIED,
    "Token Authorization failed. Token either incorrect, expired, or not provided correctly",
)


@dataclass(frozen=True)
class Answer:
    code: grpc.StatusCode
    details: str
    messages: list[Message]


@pytest.fixture(scope="module")
def targets(grpc_targets: dict[str, GrpcTarget]) -> Iterator[dict[str, GrpcTarget]]:
    """With the rows' two models registered."""
    working = register(model_name=WORKING, initial_workers=1, synchronous=True)
    idle = register(model_name=IDLE)
    for target in grpc_targets.values():
        for request in (working, idle):
            must(target, request)
    yield grpc_targets
    for target in grpc_targets.values():
        for name in (WORKING, IDLE):
            must(target, unregister(model=name))


def call(
    target: GrpcTarget, method: str, request: Message, authorization: str | None = None
) -> Answer:
    managed = type(request).__module__.endswith("management_pb2")
    kind = "management" if managed else "inference"
    if authorization is None:
        authorization = f"Bearer {target.tokens[kind]}"
    metadata = (("authorization", authorization),) if authorization else ()
    with grpc.insecure_channel(target.management if managed else target.inference) as channel:
        # What is generated has no types.
        stub = (
            management_pb2_grpc.ManagementAPIsServiceStub(channel)  # type: ignore[no-untyped-call]
            if managed
            else inference_pb2_grpc.InferenceAPIsServiceStub(channel)  # type: ignore[no-untyped-call]
        )
        sent = iter([request]) if method == "StreamPredictions2" else request
        messages: list[Message] = []
        try:
            answer = getattr(stub, method)(sent, timeout=TIMEOUT_S, metadata=metadata)
            if method.startswith("Stream"):
                messages.extend(answer)
            else:
                messages.append(answer)
        except grpc.RpcError as error:
            return Answer(error.code(), error.details() or "", messages)
    return Answer(grpc.StatusCode.OK, "", messages)


def must(target: GrpcTarget, request: Message) -> None:
    answer = call(target, METHODS[type(request)], request)
    assert answer.code is grpc.StatusCode.OK, answer


def ask(target: GrpcTarget, row: Row) -> Answer:
    for request in row.before:
        must(target, request)
    answer = call(target, row.method, row.request)
    for request in row.after:
        must(target, request)
    return answer


def values(message: Message) -> dict[str, object]:
    return {field.name: value(content) for field, content in message.ListFields()}


def value(content: object) -> object:
    if isinstance(content, Message):
        return content
    text = content.decode() if isinstance(content, bytes) else str(content)
    try:
        return alike(json.loads(text))
    except ValueError:
        return text


def alike(content: object, name: str = "") -> object:
    """Numbers to 1e-6, and only the type of what each backend has of its own."""
    match content:
        case dict():
            return {key: alike(inner, key) for key, inner in content.items()}
        case list():
            return [alike(inner) for inner in content]
        case _ if name in OWN_VALUES:
            return type(content).__name__
        case float():
            return pytest.approx(content, abs=1e-6)
    return content


def comparable(answer: Answer) -> tuple[object, ...]:
    return answer.code, answer.details, [values(message) for message in answer.messages]


@pytest.mark.parametrize("row", list(grpc_rows.rows(JPEG)), ids=lambda row: row.name)
def test_both_answer_alike_unless_the_row_deviates(
    targets: dict[str, GrpcTarget], row: Row
) -> None:
    answers = {name: ask(target, row) for name, target in targets.items()}

    ours, theirs = (comparable(answers[name]) for name in ("ray", "torchserve"))
    if row.deviation:
        assert ours != theirs, f"they answer alike now: {row.deviation}"
    else:
        assert ours == theirs


@pytest.mark.parametrize("request_", [Empty(), predict("nope"), default()])
@pytest.mark.parametrize("kind", ["", "Bearer", "wrong", "API", "other", "case"])
def test_a_call_needs_its_token(
    grpc_targets: dict[str, GrpcTarget], request_: Message, kind: str
) -> None:
    for target in grpc_targets.values():
        managed = type(request_).__module__.endswith("management_pb2")
        own, other = ("management", "inference")[:: 1 if managed else -1]
        sent = {
            "": "",
            "Bearer": "Bearer",
            "wrong": "Bearer wrong",
            "API": f"Bearer {target.tokens['API']}",
            "other": f"Bearer {target.tokens[other]}",
            "case": f"bearer {target.tokens[own]}",
        }[kind]

        answer = call(target, METHODS[type(request_)], request_, sent)

        assert (answer.code, answer.details) == NO_TOKEN


def test_a_handler_that_does_not_stream_is_a_stream_of_one(
    grpc_targets: dict[str, GrpcTarget],
) -> None:
    """A deviation: TorchServe sends the same answer, and then its worker dies."""
    request = predict(SERVED, data=JPEG)

    stream = call(grpc_targets["ray"], "StreamPredictions", request)

    assert comparable(stream) == comparable(call(grpc_targets["ray"], "Predictions", request))
