"""`deployment`, for `serve run serve.app:deployment`; the only module that imports ray.serve.

The process that deploys loads no torch: only the replicas import the classifier.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from ray import serve as ray_serve
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from handlers.errors import BadRequest, Fault
from handlers.limits import MAX_BODY_BYTES, check_body
from serve import cluster
from serve.settings import Settings

if TYPE_CHECKING:
    from handlers.postprocess import Prediction

log = logging.getLogger(__name__)

# TorchServe predicts whatever the method, so a client needs nothing but another base URL.
ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# As TorchServe's job_queue_size; what comes on top is answered 503.
QUEUE_SIZE = 100

# What a form may add to the image in it.
FORM_BYTES = 100_000
# How much of a body over its limit is still taken off the wire, in limits.
DRAINED = 3

api = FastAPI(openapi_url=None, redirect_slashes=False)


class Unserved(Fault):
    """A path, method, model or version that this service does not have."""

    def __init__(self, code: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.code, self.type = code, kind


def answer(value: object, status: int = HTTPStatus.OK) -> Response:
    # Two spaces, as TorchServe writes it.
    return Response(json.dumps(value, indent=2), status, media_type="application/json")


@api.exception_handler(Fault)
async def fault_answer(request: Request, fault: Fault) -> Response:
    return answer(fault.as_json(), fault.code)


@api.exception_handler(HTTPException)
async def unserved_answer(request: Request, error: HTTPException) -> Response:
    """What the router found wrong, in TorchServe's words."""
    kind, what = "ResourceNotFoundException", "resource is not found"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED or request.url.path == "/":
        error.status_code = HTTPStatus.METHOD_NOT_ALLOWED
        kind, what = "MethodNotAllowedException", "method is not allowed"
    message = f"Requested {what}, please refer to API document."
    return answer(Unserved(error.status_code, kind, message).as_json(), error.status_code)


async def read_body(request: Request) -> bytes:
    """The raw body, or a form's file `data` (or `body`)."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return b"".join([chunk async for chunk in limited(request, MAX_BODY_BYTES)])
    chunks = limited(request, MAX_BODY_BYTES + FORM_BYTES)
    try:
        form = await MultiPartParser(request.headers, chunks).parse()
    except MultiPartException as error:
        raise BadRequest("The multipart form is damaged: send the image's bytes alone.") from error
    part = form.get("data") or form.get("body") or ""
    return part.encode() if isinstance(part, str) else await part.read()


async def limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """What is over `limit` is read but not kept: a client reads no answer while it still sends."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            yield chunk
        elif size > DRAINED * limit:
            break
    if size > limit:
        check_body(size)


@ray_serve.deployment(max_queued_requests=QUEUE_SIZE)
@ray_serve.ingress(api)
class LesionDeployment:
    def __init__(self, settings: Settings) -> None:
        import torch

        from handlers.classifier import LesionClassifier
        from serve.loopback import keep_on_loopback

        keep_on_loopback()
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // settings.replicas))
        self.classifier = LesionClassifier.load(settings.model, settings.model_config)
        self.predict_batch.set_max_batch_size(settings.batch_size)
        self.predict_batch.set_batch_wait_timeout_s(settings.batch_delay_s)

    @api.api_route("/ping", methods=ANY_METHOD)
    async def ping(self) -> Response:
        return answer({"status": "Healthy"})

    @api.api_route("/predictions/{model}", methods=ANY_METHOD)
    @api.api_route("/predictions/{model}/{version}", methods=ANY_METHOD)
    async def predict(self, request: Request, model: str, version: str | None = None) -> Response:
        self.check_served(model, version)
        body = await read_body(request)
        prediction = await self.predict_batch(body)
        if isinstance(prediction, Fault):
            raise prediction
        return answer(prediction)

    @ray_serve.batch
    async def predict_batch(self, bodies: list[bytes]) -> "list[Prediction | Fault]":
        """A bad image is a fault for itself alone."""
        # One thread: decoding beside the forward pass would take its cores from it.
        return await asyncio.to_thread(self.classifier.classify, bodies)

    def check_served(self, model: str, version: str | None) -> None:
        config = self.classifier.config
        if model != config.name:
            raise Unserved(404, "ModelNotFoundException", f"Model not found: {model}")
        if version not in (None, "", config.version):
            message = f"Model version: {version} does not exist for model: {model}"
            raise Unserved(404, "ModelVersionNotFoundException", message)


def deployment(arguments: dict[str, Any]) -> ray_serve.Application:
    """Called by `serve run`; arguments have no use, the settings are SKIN_* variables."""
    settings = Settings.from_env()
    cluster.start()
    ray_serve.start(http_options={"host": settings.host, "port": settings.port})
    return LesionDeployment.options(  # type: ignore[attr-defined]  # now a ray_serve.Deployment
        num_replicas=settings.replicas,
        # What runs, what waits for it, and a little for the answers under way.
        max_ongoing_requests=3 * settings.batch_size,
    ).bind(settings)
