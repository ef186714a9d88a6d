"""What the front's tests run it against: a real gRPC server."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from tests.front import WITHIN_S

INFERENCE = "/org.pytorch.serve.grpc.inference.InferenceAPIsService"
MANAGEMENT = "/org.pytorch.serve.grpc.management.ManagementAPIsService"
PREDICT = f"{INFERENCE}/Predictions"
# Requests that are not given back.
FAIL, HANG = b"fail", b"hang"


class Methods(grpc.GenericRpcHandler):
    """Single messages come back; the streams count and chat."""

    def __init__(self) -> None:
        self.abandoned = threading.Event()
        self.hanging = threading.Event()
        self.remaining: float | None = None

    def service(
        self, call: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        name = call.method.rpartition("/")[2]
        if name == "StreamPredictions":
            return grpc.unary_stream_rpc_method_handler(self.count)
        if name == "StreamPredictions2":
            return grpc.stream_stream_rpc_method_handler(self.chat)
        return grpc.unary_unary_rpc_method_handler(self.told)

    async def told(self, request: bytes, context: Any) -> bytes:  # noqa: ANN401
        if request == FAIL:
            return await self.fail(context)
        return await self.hang() if request == HANG else await self.echo(request, context)

    async def echo(self, request: bytes, context: Any) -> bytes:  # noqa: ANN401
        self.remaining = context.time_remaining()
        asked = dict(context.invocation_metadata())
        await context.send_initial_metadata((("first", "1"),))
        context.set_trailing_metadata((("token", str(asked.get("authorization"))),))
        return request

    async def fail(self, context: Any) -> bytes:  # noqa: ANN401
        await context.abort(
            grpc.StatusCode.INTERNAL, "Model not found: x\nE", (("why-bin", b"\0"),)
        )
        return b""

    async def hang(self) -> bytes:
        self.hanging.set()
        try:
            await asyncio.sleep(2 * WITHIN_S)
        except asyncio.CancelledError:
            self.abandoned.set()
            raise
        return b""

    async def count(self, request: bytes, _: object) -> AsyncIterator[bytes]:
        for number in range(int(request)):
            yield str(number).encode()

    async def chat(self, requests: AsyncIterator[bytes], _: object) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request.upper()


@asynccontextmanager
async def grpc_backend(methods: Methods) -> AsyncIterator[str]:
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.aio.server(handlers=[methods], options=unlimited)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(0)
