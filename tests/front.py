"""The front of TorchServe's ports, in a thread of its own, so that a test asks it from outside."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

from serve.dialect.property_values import Address
from serve.drop_in import DropIn
from tests.conftest import free_ports

Value = TypeVar("Value")

WITHIN_S = 10


def on_free_ports() -> DropIn:
    """A front that has no backend yet."""
    ports = iter(free_ports(5))
    return DropIn(
        backend="http://127.0.0.1:1",
        grpc_backend="127.0.0.1:1",
        inference_address=Address(port=next(ports)),
        management_address=Address(port=next(ports)),
        metrics_address=Address(port=next(ports)),
        grpc_inference_address=Address(port=next(ports)),
        grpc_management_address=Address(port=next(ports)),
    )


class Background:
    """An event loop in a thread, so that a test can speak to what runs in it as from outside."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def start(self, work: Coroutine[Any, Any, Value]) -> Future[Value]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    @contextmanager
    def within(self, context: AbstractAsyncContextManager[Value]) -> Iterator[Value]:
        value = self.start(context.__aenter__()).result(WITHIN_S)
        try:
            yield value
        finally:
            self.start(context.__aexit__(None, None, None)).result(2 * WITHIN_S)


@contextmanager
def background() -> Iterator[Background]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Background(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
