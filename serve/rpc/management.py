"""The management service's methods."""

from contextlib import suppress

from handlers.errors import Fault
from serve.dialect.calls import Registration, Scaling
from serve.dialect.faults import BadRequest, MethodNotAllowed
from serve.rpc import management_pb2, statuses
from serve.rpc.door import Context, Door, text

# The longest list of models.
LIMIT = 100
ALL_VERSIONS = "all"


class ManagementMethods(Door):
    async def RegisterModel(
        self, request: management_pb2.RegisterModelRequest, grpc_context: Context
    ) -> management_pb2.ManagementResponse:
        answer = management_pb2.ManagementResponse()
        with suppress(Fault), self.answering("management", grpc_context):
            self.need_model_api()
            answer.msg = (await self.server.register(registration(request))).status
        return answer

    async def UnregisterModel(
        self, request: management_pb2.UnregisterModelRequest, grpc_context: Context
    ) -> management_pb2.ManagementResponse:
        answer = management_pb2.ManagementResponse()
        with suppress(Fault), self.answering("management", grpc_context):
            self.need_model_api()
            if not request.model_name:
                # The name is what is missing; the words are TorchServe's.
                raise BadRequest("Parameter url is required.")
            version = request.model_version or None
            answer.msg = (await self.server.unregister(request.model_name, version)).status
        return answer

    async def ScaleWorker(
        self, request: management_pb2.ScaleWorkerRequest, grpc_context: Context
    ) -> management_pb2.ManagementResponse:
        answer = management_pb2.ManagementResponse()
        with suppress(Fault), self.answering("management", grpc_context):
            scaling = Scaling(
                # Nobody can ask for 0 workers: it is what a client sends that does not say.
                min_workers=positive(request.min_worker) or 1,
                max_workers=positive(request.max_worker),
                synchronous=request.synchronous,
            )
            version = request.model_version or None
            answer.msg = (await self.server.scale(request.model_name, version, scaling)).status
        return answer

    async def SetDefault(
        self, request: management_pb2.SetDefaultRequest, grpc_context: Context
    ) -> management_pb2.ManagementResponse:
        answer = management_pb2.ManagementResponse()
        with suppress(Fault), self.answering("management", grpc_context):
            outcome = await self.server.set_default(request.model_name, request.model_version)
            answer.msg = outcome.status
        return answer

    async def DescribeModel(
        self, request: management_pb2.DescribeModelRequest, grpc_context: Context
    ) -> management_pb2.ManagementResponse:
        answer = management_pb2.ManagementResponse()
        customized = request.customized and request.model_version != ALL_VERSIONS
        status = statuses.of_customized_description if customized else statuses.of_management
        with suppress(Fault), self.answering("management", grpc_context, status):
            version = request.model_version or None
            answer.msg = text(await self.server.describe(request.model_name, version, customized))
        return answer

    async def ListModels(
        self, request: management_pb2.ListModelsRequest, grpc_context: Context
    ) -> management_pb2.ManagementResponse:
        answer = management_pb2.ManagementResponse()
        with suppress(Fault), self.answering("management", grpc_context):
            limit = request.limit if 0 <= request.limit <= LIMIT else LIMIT
            answer.msg = text(self.server.list_models(limit, max(0, request.next_page_token)))
        return answer

    def need_model_api(self) -> None:
        if not self.server.config.model_api_enabled:
            raise MethodNotAllowed


def registration(request: management_pb2.RegisterModelRequest) -> Registration:
    """What is empty or not above 0 is as if it were not given."""
    if not request.url:
        raise BadRequest("Parameter url is required.")
    return Registration(
        url=request.url,
        model_name=request.model_name or None,
        handler=request.handler or None,
        runtime=request.runtime or None,
        batch_size=positive(request.batch_size),
        max_batch_delay_ms=positive(request.max_batch_delay),
        initial_workers=positive(request.initial_workers),
        response_timeout_s=positive(request.response_timeout),
        startup_timeout_s=positive(request.startup_timeout),
        synchronous=request.synchronous,
        s3_sse_kms=request.s3_sse_kms,
    )


def positive(number: int) -> int | None:
    return number if number > 0 else None
