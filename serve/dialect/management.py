"""The management paths: registering, describing, scaling and removing models."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from serve.dialect import answers, description
from serve.dialect.calls import Registration, Scaling
from serve.dialect.faults import BadRequest, Internal, MethodNotAllowed, ResourceNotFound
from serve.dialect.numbers import whole

if TYPE_CHECKING:
    from serve.models.server import ModelServer

LIMIT = 100
# The most that a registration's JSON may have.
JSON_BYTES = 1_000_000


class BadJson(Internal):
    """TorchServe's status and class for JSON that it can't read."""

    type = "JsonSyntaxException"


def owns(path: str) -> bool:
    """Whether this is management's where inference is on the same address."""
    match path.split("/")[1:]:
        case ["models", _, "invoke"] | ["models", _, "invoke", ""]:
            return False
        case ["models", *_] | ["workflows", *_]:
            return True
        case ["v1", "models", model] | ["v1", "models", model, ""]:
            return ":" not in model
    return False


async def answer(request: Request, server: "ModelServer") -> Response | None:
    """None for a path that is none of management's."""
    match request.scope["path"].split("/")[1:]:
        case ["models"] | ["models", ""]:
            return await models(request, server)
        case ["models", model, *rest]:
            return await one_model(request, server, model, [part for part in rest if part])
        case ["v1", "models", model] | ["v1", "models", model, ""]:
            return kserve_ready(request, server, model)
        case ["workflows", *_]:
            raise ResourceNotFound
    return None


async def models(request: Request, server: "ModelServer") -> Response:
    if request.method == "GET":
        limit = given_or(LIMIT, request.query_params, "limit")
        token = given_or(0, request.query_params, "next_page_token")
        limit = limit if 0 <= limit <= LIMIT else LIMIT
        return answers.told(server.list_models(limit, max(0, token)))
    if request.method == "POST":
        need_model_api(server)
        return answers.done(await server.register(await registration(request)))
    raise MethodNotAllowed


async def one_model(
    request: Request, server: "ModelServer", model: str, rest: list[str]
) -> Response:
    version = rest[0] if rest else None
    given = request.query_params
    if len(rest) > 1 and rest[1:] != ["set-default"]:
        raise ResourceNotFound
    match request.method, rest:
        case "PUT", [version_, "set-default"]:
            return answers.done(await server.set_default(model, version_))
        case "GET", _:
            found = await server.describe(model, version, truth(given, "customized"))
            return answers.told(found)
        case "PUT", _:
            version = version or given.get("model_version")
            return answers.done(await server.scale(model, version, scaling(given)))
        case "DELETE", _:
            need_model_api(server)
            return answers.done(await server.unregister(model, version))
        case "OPTIONS", _:
            server.version(model, version)
            return answers.told(description.model(model, "management"))
    raise MethodNotAllowed


def kserve_ready(request: Request, server: "ModelServer", model: str) -> Response:
    if request.method != "GET":
        raise MethodNotAllowed
    found = server.version(model, None)
    return answers.told({"name": model, "ready": found.workers.handle is not None})


def need_model_api(server: "ModelServer") -> None:
    """Off unless it was asked for: who may register an archive may run any code here."""
    if not server.config.model_api_enabled:
        raise MethodNotAllowed


def scaling(given: Mapping[str, str]) -> Scaling:
    """One worker, as TorchServe takes it, where nothing at all is said."""
    least, most = number(given, "min_worker"), number(given, "max_worker")
    weight = share(given, "weight")
    shadow = truth(given, "shadow") if "shadow" in given else None
    if least is None and (most is not None or (weight is None and shadow is None)):
        least = 1
    return Scaling(
        min_workers=least,
        max_workers=most,
        synchronous=truth(given, "synchronous"),
        weight=weight,
        shadow=shadow,
    )


async def registration(request: Request) -> Registration:
    given: Mapping[str, str] = request.query_params
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        given = await json_object(request)
    if "url" not in given:
        raise BadRequest("Parameter url is required.")
    return Registration(
        url=given["url"],
        model_name=given.get("model_name"),
        handler=given.get("handler"),
        runtime=given.get("runtime"),
        batch_size=at_least(1, given, "batch_size"),
        max_batch_delay_ms=at_least(0, given, "max_batch_delay"),
        initial_workers=at_least(0, given, "initial_workers"),
        response_timeout_s=at_least(0, given, "response_timeout"),
        startup_timeout_s=at_least(0, given, "startup_timeout"),
        synchronous=given.get("synchronous", "true").lower() == "true",
        s3_sse_kms=truth(given, "s3_sse_kms"),
    )


async def json_object(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > JSON_BYTES:
            raise BadRequest("The JSON of a registration is under 1 MB.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"The body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadJson("The body must be a JSON object.")
    return {name: text(value) for name, value in found.items() if value is not None}


def text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def number(given: Mapping[str, str], name: str) -> int | None:
    """A number that does not parse counts as not given, as for TorchServe."""
    return whole(given.get(name, ""))


def at_least(least: int, given: Mapping[str, str], name: str) -> int | None:
    """So does one that can be no number of workers, requests or seconds."""
    found = number(given, name)
    return None if found is None or found < least else found


def given_or(otherwise: int, given: Mapping[str, str], name: str) -> int:
    found = number(given, name)
    return otherwise if found is None else found


def share(given: Mapping[str, str], name: str) -> float | None:
    if name not in given:
        return None
    try:
        found = float(given[name])
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise BadRequest(f"{name} must be a share from 0 to 1, not {given[name]!r}.")
    return found


def truth(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "").lower() == "true"
