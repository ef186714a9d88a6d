"""Forwards gRPC calls to Ray Serve's address; knows no message, only bytes."""

from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import TypeAlias

import grpc
from google.protobuf.descriptor import FileDescriptor

from serve.rpc import inference_pb2, management_pb2

UNLIMITED = -1
# gRPC's own default leaves a backend alone for up to two minutes after it was away.
RECONNECT_WITHIN_MS = 1000

Metadata: TypeAlias = tuple[tuple[str, str | bytes], ...]
# The library's classes take no parameters when the code runs, only in its types.
Ask: TypeAlias = "grpc.aio.StreamStreamMultiCallable[bytes, bytes]"


def methods(file: FileDescriptor) -> frozenset[str]:
    """Their names as they stand in a call."""
    return frozenset(
        f"/{service.full_name}/{method.name}"
        for service in file.services_by_name.values()
        for method in service.methods
    )


INFERENCE = methods(inference_pb2.DESCRIPTOR)
MANAGEMENT = methods(management_pb2.DESCRIPTOR)


def channel(backend: str) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(
        backend,
        options=[
            ("grpc.max_send_message_length", UNLIMITED),
            ("grpc.max_receive_message_length", UNLIMITED),
            ("grpc.max_reconnect_backoff_ms", RECONNECT_WITHIN_MS),
        ],
    )


def server(
    backend: grpc.aio.Channel, methods: frozenset[str], max_request_size: int
) -> grpc.aio.Server:
    """Not started, and without a port; other methods than these are UNIMPLEMENTED."""
    return grpc.aio.server(
        handlers=[PassThrough(backend, methods)],
        options=[
            ("grpc.max_send_message_length", UNLIMITED),
            ("grpc.max_receive_message_length", max_request_size),
            # Else a port that is in use would be shared, in silence.
            ("grpc.so_reuseport", 0),
        ],
    )


class PassThrough(grpc.GenericRpcHandler):
    def __init__(self, backend: grpc.aio.Channel, methods: frozenset[str]) -> None:
        self.backend = backend
        self.methods = methods

    def service(
        self, call: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        if call.method not in self.methods:
            return None
        # On the wire, a single message is a stream of one.
        ask: Ask = self.backend.stream_stream(call.method)
        return grpc.stream_stream_rpc_method_handler(partial(forward, ask))


async def forward(
    ask: Ask,
    requests: AsyncIterator[bytes],
    context: "grpc.aio.ServicerContext[bytes, bytes]",
) -> AsyncIterator[bytes]:
    call = ask(
        requests,
        metadata=own(context.invocation_metadata()),
        timeout=context.time_remaining(),
    )
    try:
        await context.send_initial_metadata(own(await call.initial_metadata()))
        async for message in call:
            yield message
        context.set_trailing_metadata(own(await call.trailing_metadata()))
    except grpc.aio.AioRpcError as error:
        await context.abort(error.code(), error.details() or "", own(error.trailing_metadata()))
    finally:
        call.cancel()


def own(metadata: Iterable[tuple[str, str | bytes]] | None) -> Metadata:
    """What people put there; the rest each hop writes anew."""
    return tuple(
        (name, value)
        for name, value in metadata or ()
        if not name.startswith((":", "grpc-")) and name != "user-agent"
    )
