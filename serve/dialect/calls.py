"""What a client asks and what it is answered, whether by HTTP or gRPC."""

from dataclasses import dataclass, field
from typing import Literal

Command = Literal["predict", "explain", "describe"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One input of a request, undecoded; a raw body's name is `body`."""

    name: str
    value: bytes
    content_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One request on its way to a worker; header names are as the client wrote them.

    `version` is the one that the request named.
    """

    request_id: str
    version: str = "default"
    parameters: tuple[Parameter, ...]
    headers: dict[str, str] = field(default_factory=dict)
    command: Command = "predict"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a handler answered; an empty content type means that it set none."""

    body: bytes
    status: int = 200
    phrase: str = ""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Registration:
    """`url` is a file of the model store, or an address that is allowed; times are seconds. No
    client can say `max_workers`.

    None is: as the archive's model config says, else TorchServe's default.
    """

    url: str
    model_name: str | None = None
    handler: str | None = None
    runtime: str | None = None
    batch_size: int | None = None
    max_batch_delay_ms: int | None = None
    initial_workers: int | None = None
    max_workers: int | None = None
    response_timeout_s: int | None = None
    startup_timeout_s: int | None = None
    synchronous: bool = True
    s3_sse_kms: bool = False


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """`weight` is the share of the requests without a version that a version other than the
    default gets; a `shadow` gets a copy of them. None leaves either as it is, and so do workers
    whose least number is None.
    """

    min_workers: int | None = 1
    max_workers: int | None = None
    synchronous: bool = False
    weight: float | None = None
    shadow: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What management did: an HTTP status and its sentence."""

    code: int
    status: str


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What a handler failed with instead of a reply."""

    code: int
    message: str
