"""One request over gRPC, and how each is made."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from serve.rpc.inference_pb2 import PredictionsRequest
from serve.rpc.management_pb2 import (
    DescribeModelRequest,
    ListModelsRequest,
    RegisterModelRequest,
    ScaleWorkerRequest,
    SetDefaultRequest,
    UnregisterModelRequest,
)

# For rows that register, each removed again.
OWN = "grpc_own"

METHODS: dict[type[Message], str] = {
    Empty: "Ping",
    PredictionsRequest: "Predictions",
    DescribeModelRequest: "DescribeModel",
    ListModelsRequest: "ListModels",
    RegisterModelRequest: "RegisterModel",
    ScaleWorkerRequest: "ScaleWorker",
    SetDefaultRequest: "SetDefault",
    UnregisterModelRequest: "UnregisterModel",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """`before` and `after` are management's, and must succeed; the one between is compared.

    A `deviation` says why Ray Serve answers otherwise.
    """

    name: str
    request: Message
    before: tuple[Message, ...] = ()
    after: tuple[Message, ...] = ()
    stream: str = ""
    deviation: str = ""

    @property
    def method(self) -> str:
        return self.stream or METHODS[type(self.request)]


def predict(model: str = "", version: str = "", **given: bytes) -> PredictionsRequest:
    return PredictionsRequest(model_name=model, model_version=version, input=given)


def register(version: int = 1, **given: Any) -> RegisterModelRequest:  # noqa: ANN401  # its fields
    return RegisterModelRequest(**{"url": f"grpc_{version}.mar", "model_name": OWN} | given)


def unregister(version: str = "", model: str = OWN) -> UnregisterModelRequest:
    return UnregisterModelRequest(model_name=model, model_version=version)


def scale(model: str, version: str = "", **given: Any) -> ScaleWorkerRequest:  # noqa: ANN401
    return ScaleWorkerRequest(model_name=model, model_version=version, **given)


def describe(model: str, version: str = "", *, customized: bool = False) -> DescribeModelRequest:
    return DescribeModelRequest(model_name=model, model_version=version, customized=customized)


def default(model: str = "", version: str = "") -> SetDefaultRequest:
    return SetDefaultRequest(model_name=model, model_version=version)
