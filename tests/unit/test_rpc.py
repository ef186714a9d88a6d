import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from google.protobuf.empty_pb2 import Empty
from google.rpc.error_details_pb2 import ErrorInfo
from grpc import StatusCode

from serve.dialect import faults
from serve.dialect.calls import Job, Outcome, Parameter, Registration, Reply, Scaling
from serve.rpc.door import Kind
from serve.rpc.inference_pb2 import PredictionResponse, PredictionsRequest
from serve.rpc.management_pb2 import (
    DescribeModelRequest,
    ListModelsRequest,
    RegisterModelRequest,
    ScaleWorkerRequest,
    UnregisterModelRequest,
)
from serve.rpc.methods import GrpcMethods

JAVA = "org.pytorch.serve"


@dataclass
class Config:
    model_api_enabled: bool = True


@dataclass
class Server:
    """Knows the model `known`, and remembers what it was asked."""

    config: Config = field(default_factory=Config)
    asked: list[object] = field(default_factory=list)

    def find(self, model: str) -> None:
        if model != "known":
            raise faults.ModelNotFound(f"Model not found: {model}")

    async def healthy(self) -> bool:
        return False

    async def infer(self, model: str, version: str | None, job: Job) -> Reply:
        self.find(model)
        self.asked.append((version, job.parameters, job.headers))
        return Reply(body=b"a prediction", status=418)

    async def register(self, wanted: Registration) -> Outcome:
        self.asked.append(wanted)
        return Outcome(code=202, status="registered")

    async def unregister(self, name: str, version: str | None) -> Outcome:
        self.find(name)
        self.asked.append((name, version))
        return Outcome(code=200, status="unregistered")

    async def scale(self, name: str, version: str | None, scaling: Scaling) -> Outcome:
        self.asked.append((name, version, scaling))
        return Outcome(code=200, status="scaled")

    async def set_default(self, name: str, version: str) -> Outcome:
        self.asked.append((name, version))
        raise faults.Conflict("as if")

    async def describe(
        self, name: str, version: str | None, customized: bool
    ) -> list[dict[str, object]]:
        self.find(name)
        self.asked.append((version, customized))
        return [{"modelName": name}]

    def list_models(self, limit: int, token: int) -> dict[str, object]:
        self.asked.append((limit, token))
        return {"models": []}


@dataclass
class Context:
    metadata: Sequence[tuple[str, str]] = ()
    code: StatusCode | None = None
    details: str = ""

    def set_code(self, code: StatusCode) -> None:
        self.code = code

    def set_details(self, details: str) -> None:
        self.details = details

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        return self.metadata


class OneKey:
    """Each kind's key is its name."""

    def check(self, kind: Kind, authorization: str | None) -> None:
        if authorization != f"Bearer {kind}":
            raise faults.InvalidKey("no token")


class Front(GrpcMethods):
    server: Server

    def __init__(self) -> None:
        self.server = Server()
        self.tokens = None


@pytest.fixture
def front() -> Front:
    return Front()


@pytest.fixture
def context() -> Context:
    return Context()


async def stream(*requests: PredictionsRequest) -> AsyncIterator[PredictionsRequest]:
    for request in requests:
        yield request


async def streamed(answers: AsyncIterator[PredictionResponse]) -> list[PredictionResponse]:
    return [answer async for answer in answers]


def test_ping_tells_in_json(front: Front, context: Context) -> None:
    answer = asyncio.run(front.Ping(Empty(), context))

    assert json.loads(answer.health) == {"status": "Unhealthy"}
    assert context.code is None


def test_inputs_are_parameters_without_a_type(front: Front, context: Context) -> None:
    request = PredictionsRequest(model_name="known", input={"data": b"\xff"})

    answer = asyncio.run(front.Predictions(request, context))

    assert answer.prediction == b"a prediction"
    assert front.server.asked == [(None, (Parameter(name="data", value=b"\xff"),), {})]


def test_a_failed_call_has_a_code_and_an_empty_answer(front: Front, context: Context) -> None:
    request = PredictionsRequest(model_name="nope")

    answer = asyncio.run(front.Predictions(request, context))

    assert answer == PredictionResponse()
    assert context.code is StatusCode.INTERNAL
    assert context.details == f"Model not found: nope\n{JAVA}.archive.model.ModelNotFoundException"


def test_a_failed_stream_raises_with_its_code(front: Front, context: Context) -> None:
    request = PredictionsRequest(model_name="nope")

    with pytest.raises(faults.ModelNotFound):
        asyncio.run(streamed(front.StreamPredictions(request, context)))

    assert context.code is StatusCode.INTERNAL


def test_what_fails_in_a_sequence_does_not_end_it(front: Front, context: Context) -> None:
    requests = stream(
        PredictionsRequest(model_name="known"),
        PredictionsRequest(model_name="nope", sequence_id="a"),
        PredictionsRequest(model_name="known", sequence_id="a"),
    )

    without, unknown, known = asyncio.run(streamed(front.StreamPredictions2(requests, context)))

    assert (without.status.code, without.status.message) == (
        13,
        "Parameter sequenceId is required.",
    )
    reason = ErrorInfo()
    assert unknown.status.details[0].Unpack(reason)
    assert reason.reason == f"{JAVA}.archive.model.ModelNotFoundException"
    assert known == PredictionResponse(prediction=b"a prediction", sequence_id="a")


@pytest.mark.parametrize(("asked", "limit"), [(0, 0), (5, 5), (100, 100), (101, 100), (-1, 100)])
def test_a_list_without_a_limit_is_empty(
    front: Front, context: Context, asked: int, limit: int
) -> None:
    asyncio.run(front.ListModels(ListModelsRequest(limit=asked, next_page_token=-1), context))

    assert front.server.asked == [(limit, 0)]


def test_nobody_can_scale_to_0(front: Front, context: Context) -> None:
    asyncio.run(front.ScaleWorker(ScaleWorkerRequest(model_name="known"), context))

    assert front.server.asked == [("known", None, Scaling(min_workers=1, synchronous=False))]


def test_what_a_registration_leaves_out_is_not_given(front: Front, context: Context) -> None:
    request = RegisterModelRequest(url="a.mar", batch_size=-1, response_timeout=9)

    asyncio.run(front.RegisterModel(request, context))

    wanted = Registration(url="a.mar", response_timeout_s=9, synchronous=False)
    assert front.server.asked == [wanted]


def test_all_versions_are_never_asked_of_themselves(front: Front, context: Context) -> None:
    request = DescribeModelRequest(model_name="known", model_version="all", customized=True)

    asyncio.run(front.DescribeModel(request, context))

    assert front.server.asked == [("all", False)]


def test_without_the_model_api_nothing_comes_or_goes(front: Front, context: Context) -> None:
    front.server.config.model_api_enabled = False

    asyncio.run(front.RegisterModel(RegisterModelRequest(url="a.mar"), context))
    asyncio.run(front.UnregisterModel(UnregisterModelRequest(model_name="known"), Context()))

    assert front.server.asked == []
    assert context.code is StatusCode.PERMISSION_DENIED
    assert context.details == f"Model API disabled\n{JAVA}.archive.model.ModelException"


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer management"),)])
def test_inference_needs_its_own_token(front: Front, metadata: tuple[tuple[str, str], ...]) -> None:
    front.tokens = OneKey()
    refused, allowed = Context(metadata), Context([("authorization", "Bearer inference")])

    asyncio.run(front.Ping(Empty(), refused))
    asyncio.run(front.Ping(Empty(), allowed))

    assert (refused.code, refused.details) == (StatusCode.PERMISSION_DENIED, "no token")
    assert allowed.code is None


def test_management_needs_its_own_token(front: Front) -> None:
    front.tokens = OneKey()
    refused = Context([("authorization", "Bearer inference")])
    allowed = Context([("authorization", "Bearer management")])

    asyncio.run(front.ListModels(ListModelsRequest(limit=1), refused))
    asyncio.run(front.ListModels(ListModelsRequest(limit=2), allowed))

    assert refused.code is StatusCode.PERMISSION_DENIED
    assert front.server.asked == [(2, 0)]
