"""The inference paths: what is asked of which model, and of which version."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from serve.dialect import answers, description, forms
from serve.dialect.calls import Command, Job, Parameter
from serve.dialect.faults import BadRequest

if TYPE_CHECKING:
    from serve.models.server import ModelServer

# What follows the command is passed over, as by TorchServe.
KSERVE_V1 = re.compile(r"(?P<model>.+):(?P<command>predict|explain)")
COMMANDS: dict[str, Command] = {"predict": "predict", "infer": "predict", "explain": "explain"}
OWN = ("explain", "describe", "url_path")
FIELD = "model_name"
NO_NAME = "Parameter model_name is required."


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Without a model, the request itself names it. `headers` are what TorchServe adds for the
    handler; with `query`, that is an input too.
    """

    model: str | None
    version: str | None = None
    command: Command = "predict"
    headers: dict[str, str] = field(default_factory=dict)
    query: bool = False


def wanted(path: str) -> Wanted | None:
    """None for a path that is none of inference's."""
    parts = path.rstrip("/").split("/")[1:]
    match parts:
        case ["v1", "models", last] if match := KSERVE_V1.match(last):
            command = COMMANDS[match["command"]]
            return Wanted(model=match["model"], command=command, headers=explains(command))
        case ["v2", "models", model, "infer" | "explain" as kind]:
            return Wanted(model=model, command=COMMANDS[kind], headers=explains(COMMANDS[kind]))
        case ["predictions" | "explanations" as kind, model, *rest] if model:
            command = "explain" if kind == "explanations" else "predict"
            return Wanted(
                model=model,
                version=rest[0] if rest and rest[0] else None,
                command=command,
                headers=explains(command) | {"url_path": "/".join(rest[1:]).rstrip("/")},
                # Beyond TorchServe: a target can be asked for beside a raw body.
                query=command == "explain",
            )
        case ["invocations"]:
            return Wanted(model=None, query=True)
        case ["models", model, "invoke"]:
            return Wanted(model=model, query=True)
        case [model, "predict"]:
            return Wanted(model=model, query=True)
        case [model, version, "predict"]:
            return Wanted(model=model, version=version, query=True)
    return None


def explains(command: Command) -> dict[str, str]:
    return {"explain": str(command == "explain")}


async def answer(request: Request, asked: Wanted, server: "ModelServer") -> Response:
    if request.method == "OPTIONS":
        server.version(asked.model or "", asked.version)
        return answers.told(description.model(asked.model or "", "inference"))
    if asked.model:
        server.version(asked.model, asked.version)
    given = await forms.parameters(request, server.config.max_request_size)
    if asked.query:
        given = (*forms.query(request), *given)
    named = request.query_params.get(FIELD)
    model = asked.model or named or server.only_model() or model_named(given)
    if model is None:
        raise BadRequest(NO_NAME)
    # What TorchServe sets there is no client's to set.
    headers = {k: v for k, v in request.headers.items() if k not in OWN} | asked.headers
    job = Job(
        request_id=request.scope["request_id"],
        parameters=given,
        headers=headers,
        command=asked.command,
    )
    return answers.replied(await server.infer(model, asked.version, job))


def model_named(given: tuple[Parameter, ...]) -> str | None:
    """By a form's field, which TorchServe looks at last."""
    return next((one.value.decode(errors="replace") for one in given if one.name == FIELD), None)


async def ping(server: "ModelServer") -> Response:
    healthy = await server.healthy()
    status = {"status": "Healthy" if healthy else "Unhealthy"}
    return answers.told(status, 200 if healthy else 500)
