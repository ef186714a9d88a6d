"""A fault -> gRPC status, as TorchServe chooses its code and words its details."""

from dataclasses import dataclass

from grpc import StatusCode

from handlers.errors import BadRequest, Fault
from serve.dialect.faults import (
    Conflict,
    InvalidKey,
    InvalidModelVersion,
    MethodNotAllowed,
    ModelNotFound,
    ModelVersionNotFound,
    ServiceUnavailable,
)


@dataclass(frozen=True)
class Status:
    """`reason` is a Java class, or what TorchServe puts in its place."""

    code: StatusCode
    message: str = ""
    reason: str = ""

    @property
    def details(self) -> str:
        return f"{self.message}\n{self.reason}" if self.reason else self.message


FROM_HTTP = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    409: StatusCode.ABORTED,
    413: StatusCode.RESOURCE_EXHAUSTED,
    416: StatusCode.OUT_OF_RANGE,
    429: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
OF_HUNDREDS = {4: StatusCode.FAILED_PRECONDITION, 5: StatusCode.INTERNAL}

HTTP, ARCHIVE, MODEL = (
    f"org.pytorch.serve.{package}" for package in ("http", "archive", "archive.model")
)
# Where a Java class is that is not in the package of the others.
PACKAGES = {
    "DownloadArchiveException": ARCHIVE,
    "InvalidModelException": MODEL,
    "ModelException": MODEL,
    "ModelNotFoundException": MODEL,
    "ModelVersionNotFoundException": MODEL,
}
# What TorchServe puts where the class would be, where it makes the exception itself.
NO_WORKER, NO_NAME = "InternalServerException.()", "BadRequestException.()"


def code_of(http: int) -> StatusCode:
    return FROM_HTTP.get(http) or OF_HUNDREDS.get(http // 100, StatusCode.UNKNOWN)


def java_class(name: str) -> str:
    return f"{PACKAGES.get(name, HTTP)}.{name}"


def of_management(fault: Fault) -> Status:
    match fault:
        case InvalidKey():
            return Status(StatusCode.PERMISSION_DENIED, str(fault))
        case MethodNotAllowed():
            reason = java_class("ModelException")
            return Status(StatusCode.PERMISSION_DENIED, "Model API disabled", reason)
        case Conflict() | InvalidModelVersion():
            # TorchServe does not catch these.
            return Status(StatusCode.UNKNOWN)
    return Status(code_of(fault.code), str(fault), java_class(fault.type))


def of_customized_description(fault: Fault) -> Status:
    """It is a worker that is asked, so the codes are a prediction's."""
    match fault:
        case ModelNotFound() | ModelVersionNotFound():
            return Status(StatusCode.INTERNAL, str(fault), java_class(fault.type))
        case ServiceUnavailable():
            # The sentence itself is lost.
            return Status(StatusCode.INTERNAL, NO_WORKER, java_class("InternalServerException"))
    return of_management(fault)


def of_prediction(fault: Fault) -> Status:
    match fault:
        case ServiceUnavailable():
            return Status(StatusCode.INTERNAL, str(fault), NO_WORKER)
        case BadRequest():
            return Status(StatusCode.INTERNAL, str(fault), NO_NAME)
    return of_customized_description(fault)
