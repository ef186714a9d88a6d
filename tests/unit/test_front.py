"""The application that Ray Serve calls: whatever comes is answered by the dialect."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from ray import serve as ray_serve
from starlette.requests import Request
from starlette.responses import Response

from serve.app import Front, api


class Dialect:
    async def answer(self, request: Request) -> Response:
        return Response(request.method, headers={"x-path": ascii(request.scope["path"])})


class Replica:
    """The front without its start."""

    answer = Front.answer
    dialect = Dialect()


@pytest.mark.parametrize("path", ["/predictions/m", "/predictions/a%0Ab", "/ping%0A", "/"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "TRACE", "PROPFIND", "ANYTHING"])
def test_every_method_and_path_is_the_dialects(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    replica = SimpleNamespace(servable_object=Replica())
    monkeypatch.setattr(ray_serve, "get_replica_context", lambda: replica)

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=api)
        async with httpx.AsyncClient(transport=transport, base_url="http://front") as client:
            return await client.request(method, path)

    answer = asyncio.run(asked())

    assert (answer.status_code, answer.text) == (200, method)
    assert answer.headers["x-path"] == ascii(path.replace("%0A", "\n"))
