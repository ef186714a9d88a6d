"""`deployment`, for `serve run serve.app:deployment`: the front that speaks TorchServe's dialect.

The front loads no torch: each model version has replicas of its own (serve.models).
"""

from typing import Any, cast

from fastapi import FastAPI, Request, Response
from ray import serve as ray_serve
from ray.serve.context import _get_serve_request_context
from starlette.exceptions import HTTPException

from serve import cluster, startup
from serve.dialect.http import Dialect
from serve.rpc.methods import SERVICES, GrpcMethods
from serve.settings import Settings

# TorchServe predicts whatever the method, so a client needs nothing but another base URL.
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
# More than all queues of a server hold: it is they that turn requests away.
ONGOING = 10_000

api = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)


@api.exception_handler(HTTPException)
async def beyond_the_route(request: Request, _: Exception) -> Response:
    """Other methods than these seven, and paths with a line's end, are answered no differently."""
    front = cast(Front, ray_serve.get_replica_context().servable_object)
    return await front.answer(request)


@ray_serve.ingress(api)
class Front(GrpcMethods):
    """One replica, so that a queue's length is exact."""

    async def __init__(self, settings: Settings) -> None:  # type: ignore[misc]  # Ray awaits it
        self.server, self.tokens = await startup.started(settings)
        self.dialect = Dialect(self.server, self.tokens)

    def __del__(self) -> None:
        """Ray calls it when the replica is to end; one that could not start has no tokens."""
        if tokens := getattr(self, "tokens", None):
            tokens.close()

    @api.api_route("/{path:path}", methods=METHODS)
    async def answer(self, request: Request) -> Response:
        # Ray tells the client this one, so it is the one that handlers and logs have too.
        request.scope["request_id"] = _get_serve_request_context().request_id
        return await self.dialect.answer(request)


def deployment(arguments: dict[str, Any]) -> ray_serve.Application:
    """Called by `serve run`; arguments have no use, the settings are SKIN_* variables."""
    return application(Settings.from_env())


def application(settings: Settings) -> ray_serve.Application:
    """Starts Ray and Ray Serve, unless they run. Raises SettingsError."""
    startup.check(settings)
    config = settings.config
    # Ray knows one size for both ways.
    cluster.start(max(config.max_request_size, config.max_response_size))
    ray_serve.start(
        http_options={"host": settings.host, "port": settings.port},
        grpc_options={
            "port": settings.grpc_port,
            "grpc_servicer_functions": SERVICES,
        },
    )
    return bound(settings)


def bound(settings: Settings) -> ray_serve.Application:
    """For a Ray Serve that runs, or will."""
    front = ray_serve.deployment(Front).options(
        name="Front",
        max_ongoing_requests=ONGOING,
        # What fails at the start fails again.
        max_constructor_retry_count=1,
        ray_actor_options={"num_cpus": 0},
    )
    return front.bind(settings)
