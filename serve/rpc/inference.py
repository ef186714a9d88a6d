"""The inference service's methods."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status as StatusMessage

from handlers.errors import Fault
from serve.dialect.answers import request_id
from serve.dialect.calls import Job, Parameter
from serve.dialect.faults import BadRequest
from serve.rpc import inference_pb2, statuses
from serve.rpc.door import Context, Door, text


class InferenceMethods(Door):
    async def Ping(self, _: Empty, grpc_context: Context) -> inference_pb2.TorchServeHealthResponse:
        answer = inference_pb2.TorchServeHealthResponse()
        with suppress(Fault), self.answering("inference", grpc_context, statuses.of_prediction):
            healthy = await self.server.healthy()
            answer.health = text({"status": "Healthy" if healthy else "Unhealthy"})
        return answer

    async def Predictions(
        self, request: inference_pb2.PredictionsRequest, grpc_context: Context
    ) -> inference_pb2.PredictionResponse:
        answer = inference_pb2.PredictionResponse()
        with suppress(Fault), self.answering("inference", grpc_context, statuses.of_prediction):
            answer.prediction = await self.prediction(request)
        return answer

    async def StreamPredictions(
        self, request: inference_pb2.PredictionsRequest, grpc_context: Context
    ) -> AsyncGenerator[inference_pb2.PredictionResponse, None]:
        """A stream of one. TorchServe's worker dies if the handler is not one that streams."""
        with self.answering("inference", grpc_context, statuses.of_prediction):
            yield inference_pb2.PredictionResponse(prediction=await self.prediction(request))

    async def StreamPredictions2(
        self,
        requests: AsyncIterator[inference_pb2.PredictionsRequest],
        grpc_context: Context,
    ) -> AsyncGenerator[inference_pb2.PredictionResponse, None]:
        """Each request in its turn; one that fails is answered so, and does not end the stream."""
        with self.answering("inference", grpc_context, statuses.of_prediction):
            async for request in requests:
                answer = inference_pb2.PredictionResponse()
                if request.sequence_id:
                    answer.sequence_id = request.sequence_id
                try:
                    if not request.sequence_id:
                        raise BadRequest("Parameter sequenceId is required.")
                    answer.prediction = await self.prediction(request)
                except Fault as fault:
                    answer.status.CopyFrom(as_message(statuses.of_prediction(fault)))
                yield answer

    async def prediction(self, request: inference_pb2.PredictionsRequest) -> bytes:
        if not request.model_name:
            raise BadRequest("Parameter model_name is required.")
        job = Job(
            request_id=request_id(),
            parameters=tuple(
                Parameter(name=name, value=value) for name, value in request.input.items()
            ),
        )
        reply = await self.server.infer(request.model_name, request.model_version or None, job)
        return reply.body


def as_message(status: statuses.Status) -> StatusMessage:
    number: int = status.code.value[0]
    reason = AnyMessage()
    reason.Pack(ErrorInfo(reason=status.reason))
    return StatusMessage(code=number, message=status.message, details=[reason])
