"""From a request to TorchServe's answer, with a server that only keeps what it is asked."""

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from serve.dialect.calls import Outcome, Registration, Reply, Scaling
from serve.dialect.faults import ModelNotFound
from serve.dialect.http import Dialect
from serve.dialect.metrics import Metrics
from serve.dialect.properties import ServerConfig

SCOPE: dict[str, Any] = {
    "type": "http", "http_version": "1.1", "method": "POST", "query_string": b"", "headers": [],
}  # fmt: skip


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
        self.asked.append((model,))
        if model == "broken":
            raise ZeroDivisionError
        return Reply(body=b"{}", headers={"cache-control": "mine", "x-own": "5 €"})

    async def register(self, wanted: Registration) -> Outcome:
        self.asked.append((wanted,))
        if "\ud800" in wanted.url:
            raise ModelNotFound(f"Model not found at: {wanted.url}")
        return Outcome(code=200, status="")

    async def describe(self, *asked: object) -> list[object]:
        self.asked.append(asked[:2])
        return []

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


def answered(server: Server, request: Request) -> Response:
    return asyncio.run(Dialect(server, None).answer(request))  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("ports", "offered"),
    [
        (None, {"/ping", "/models", "/metrics"}),
        ("nobody", {"/ping", "/models", "/metrics"}),
        ("nobody,metrics", {"/metrics"}),
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
    assert asked(server, "GET", "/api-description", headers=headers).is_success


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("initial_workers", "-1"),
        ("response_timeout", "-1"),
        ("batch_size", "-1"),
        ("batch_size", "0"),
        *(
            ("max_batch_delay", value)
            for value in ("", "+", "1_000", " 5 ", "5\n", "٣", "2147483648", "9" * 401, "1" * 5000)
        ),
    ],
)
def test_a_number_that_does_not_do_is_as_if_it_were_not_given(
    server: Server, name: str, value: str
) -> None:
    asked(server, "POST", "/models", params={"url": "a.mar", name: value})

    assert server.asked == [(Registration(url="a.mar"),)]


@pytest.mark.parametrize(
    ("value", "number"),
    [("0", 0), ("+5", 5), ("-0", 0), ("0" * 12 + "7", 7), ("2147483647", 2147483647)],
)
def test_a_number_is_what_java_takes_for_one(server: Server, value: str, number: int) -> None:
    asked(server, "POST", "/models", params={"url": "a.mar", "max_batch_delay": value})

    assert server.asked == [(Registration(url="a.mar", max_batch_delay_ms=number),)]


@pytest.mark.parametrize(
    ("query", "version", "scaling"),
    [
        ({}, None, Scaling(min_workers=1)),
        ({"min_worker": "3"}, None, Scaling(min_workers=3)),
        ({"min_worker": "-1"}, None, Scaling(min_workers=-1)),
        ({"min_worker": "4294967296"}, None, Scaling(min_workers=1)),
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


@pytest.mark.parametrize(
    ("quoted", "name"),
    [("a%0Ab", "a\nb"), ("m%0D", "m\r"), ("a%3Fb", "a?b"), ("a%23b", "a#b"), ("a%5Cb", "a\\b")],
)
def test_a_models_name_is_what_was_quoted(server: Server, quoted: str, name: str) -> None:
    asked(server, "POST", f"/predictions/{quoted}")
    asked(server, "GET", f"/models/{quoted}")

    assert server.asked == [(name,), (name, None)]


def test_a_client_that_goes_away_in_its_upload_is_no_bug(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    half: dict[str, object] = {"type": "http.request", "body": b"half", "more_body": True}
    sent: Iterator[dict[str, object]] = iter([half, {"type": "http.disconnect"}])

    async def receive() -> dict[str, object]:
        return next(sent)

    with caplog.at_level("INFO"):
        answered(server, Request(SCOPE | {"path": "/predictions/m"}, receive))

    assert caplog.text == ""
    assert server.metrics.text(["Requests2XX", "Requests4XX", "Requests5XX"]) == ""


def test_a_path_that_is_none_is_not_found(server: Server) -> None:
    assert answered(server, Request(SCOPE | {"method": "OPTIONS", "path": "*"})).status_code == 404


def test_a_form_in_no_charset_is_a_bad_request(server: Server) -> None:
    kind = "multipart/form-data; boundary=b; charset=undefined"
    part = b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\nx\r\n--b--\r\n'

    answer = asked(server, "POST", "/predictions/m", content=part, headers={"content-type": kind})

    assert answer.status_code == 400
    assert json.loads(answer.content)["type"] == "BadRequestException"
