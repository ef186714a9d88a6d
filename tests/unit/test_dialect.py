"""From a request to TorchServe's answer, with a server that only keeps what it is asked."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from serve.dialect.calls import Outcome, Registration, Reply, Scaling
from serve.dialect.faults import ModelNotFound
from serve.dialect.http import Dialect
from serve.dialect.metrics import Metrics
from serve.dialect.properties import ServerConfig


class Server:
    def __init__(self) -> None:
        self.config = ServerConfig(model_api_enabled=True)
        self.metrics = Metrics()
        self.asked: list[tuple[Any, ...]] = []

    def version(self, *_: str | None) -> SimpleNamespace:
        return SimpleNamespace(workers=SimpleNamespace(handle=None))

    def only_model(self) -> None:
        return None

    def list_models(self, *_: int) -> dict[str, object]:
        return {"models": []}

    async def healthy(self) -> bool:
        return True

    async def infer(self, model: str, *_: object) -> Reply:
        if model == "broken":
            raise ZeroDivisionError
        return Reply(body=b"{}", headers={"cache-control": "mine", "x-own": "5 €"})

    async def register(self, wanted: Registration) -> Outcome:
        self.asked.append((wanted,))
        if "\ud800" in wanted.url:
            raise ModelNotFound(f"Model not found at: {wanted.url}")
        return Outcome(code=200, status="")

    async def scale(self, *asked: object) -> Outcome:
        self.asked.append(asked)
        return Outcome(code=200, status="")


@pytest.fixture
def server() -> Server:
    return Server()


def asked(server: Server, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
    dialect = Dialect(server, None)  # type: ignore[arg-type]  # what it needs of one

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI
        scope["request_id"] = "one"
        answer = await dialect.answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://front") as client:
            return await client.request(method, path, **more)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("ports", "offered"),
    [
        (None, {"/ping", "/models", "/metrics"}),
        ("inference", {"/ping"}),
        ("management", {"/models"}),
        ("metrics", {"/metrics"}),
        ("inference,metrics", {"/ping", "/metrics"}),
        ("management,metrics", {"/models", "/metrics"}),
        ("inference,management", {"/ping", "/models"}),
        ("inference,management,metrics", {"/ping", "/models", "/metrics"}),
    ],
)
def test_each_address_offers_what_it_is_and_no_more(
    server: Server, ports: str | None, offered: set[str]
) -> None:
    headers = {"x-skin-port": ports} if ports else {}

    found = {
        path
        for path in ("/ping", "/models", "/metrics")
        if asked(server, "GET", path, headers=headers).is_success
    }

    assert found == offered


def test_a_bug_is_told_in_torchserves_form_and_counted(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    answer = asked(server, "POST", "/predictions/broken")

    assert answer.status_code == 500
    assert answer.json() == {
        "code": 500,
        "type": "InternalServerException",
        "message": "This request can't be answered: the front's log says why.",
    }
    assert "ZeroDivisionError" in caplog.text
    assert "Requests5XX" in server.metrics.text(["Requests5XX"])


def test_a_registration_without_an_end_is_no_json(server: Server) -> None:
    answer = asked(
        server,
        "POST",
        "/models",
        content="[" * 100_000,
        headers={"content-type": "Application/JSON"},
    )

    assert (answer.status_code, answer.json()["type"]) == (500, "JsonSyntaxException")


def test_half_a_surrogate_can_be_named_in_a_fault(server: Server) -> None:
    body, kind = rb'{"url": "\ud800.mar"}', {"content-type": "application/json"}

    answer = asked(server, "POST", "/models", content=body, headers=kind)

    assert answer.status_code == 404
    assert answer.json()["message"] == "Model not found at: \ud800.mar"


@pytest.mark.parametrize("name", ["initial_workers", "response_timeout", "batch_size"])
def test_a_number_below_0_is_as_if_it_were_not_given(server: Server, name: str) -> None:
    asked(server, "POST", "/models", params={"url": "a.mar", name: "-1"})

    assert server.asked == [(Registration(url="a.mar"),)]


@pytest.mark.parametrize(
    ("query", "version", "scaling"),
    [
        ({}, None, Scaling(min_workers=1)),
        ({"min_worker": "3"}, None, Scaling(min_workers=3)),
        ({"max_worker": "3"}, None, Scaling(min_workers=1, max_workers=3)),
        ({"weight": "0.1"}, None, Scaling(min_workers=None, weight=0.1)),
        ({"shadow": "true"}, None, Scaling(min_workers=None, shadow=True)),
        ({"weight": "0.1", "min_worker": "2"}, None, Scaling(min_workers=2, weight=0.1)),
        ({"model_version": "2.0"}, "2.0", Scaling(min_workers=1)),
    ],
)
def test_scaling_takes_what_is_said(
    server: Server, query: dict[str, str], version: str | None, scaling: Scaling
) -> None:
    asked(server, "PUT", "/models/m", params=query)

    assert server.asked == [("m", version, scaling)]


def test_a_handlers_headers_can_be_sent_and_do_not_replace_the_servers(server: Server) -> None:
    answer = asked(server, "POST", "/predictions/m")

    assert answer.headers["x-own"] == "5 ?"
    assert "no-store" in answer.headers["cache-control"]


def test_a_form_in_no_charset_is_a_bad_request(server: Server) -> None:
    kind = "multipart/form-data; boundary=b; charset=undefined"
    part = b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\nx\r\n--b--\r\n'

    answer = asked(server, "POST", "/predictions/m", content=part, headers={"content-type": kind})

    assert answer.status_code == 400
    assert json.loads(answer.content)["type"] == "BadRequestException"
