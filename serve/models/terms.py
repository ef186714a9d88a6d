"""How a version is to be served: the registration, its archive, the server's settings."""

from handlers.url_part import UNSPEAKABLE
from serve.dialect.calls import Registration
from serve.dialect.faults import BadRequest
from serve.dialect.properties import ServerConfig
from serve.models.archive import ArchivedModel
from serve.models.version import Terms

RUNTIMES = (None, "python", "python3")


def refuse(wanted: Registration) -> None:
    """What this server can't do is said before anything is fetched."""
    if wanted.runtime == "LSP":
        raise BadRequest("Runtime LSP (the C++ backend) is not supported: use python.")
    if wanted.runtime not in RUNTIMES:
        raise BadRequest(f"Invalid RuntimeType value: {wanted.runtime}")
    if wanted.model_name and UNSPEAKABLE.search(wanted.model_name):
        raise BadRequest(f"The model_name can't be part of a URL: {wanted.model_name!r}.")
    if wanted.s3_sse_kms:
        raise BadRequest("s3_sse_kms is not supported: fetch the archive into the model store.")


def terms_of(
    archived: ArchivedModel, wanted: Registration, config: ServerConfig, *, at_startup: bool
) -> Terms:
    """As TorchServe weighs them: batches by the request first, workers and times by the archive."""
    own = archived.config
    initial = first(wanted.initial_workers, config.default_workers_per_model, 0)
    least = first(own.min_workers, initial)
    return Terms(
        url=wanted.url,
        runtime=wanted.runtime or "python",
        handler=wanted.handler,
        min_workers=least,
        max_workers=max(least, first(own.max_workers, wanted.max_workers, least)),
        batch_size=first(wanted.batch_size, own.batch_size, 1),
        max_batch_delay_ms=first(wanted.max_batch_delay_ms, own.max_batch_delay_ms, 100),
        response_timeout_s=first(
            own.response_timeout_s, wanted.response_timeout_s, config.default_response_timeout
        ),
        startup_timeout_s=first(
            own.startup_timeout_s, wanted.startup_timeout_s, config.default_startup_timeout
        ),
        job_queue_size=first(own.job_queue_size, config.job_queue_size),
        envelope=archived.envelope or config.service_envelope,
        limit_pixels=config.limit_max_image_pixels,
        hidden_variables=config.blacklist_env_vars,
        at_startup=at_startup,
    )


def first(*values: int | None) -> int:
    """The first that was given; one always is."""
    return next(value for value in values if value is not None)
