"""TorchServe's own errors, word for word, as its clients match on them."""

from handlers.errors import BadRequest, Fault

__all__ = [
    "BadRequest",
    "Conflict",
    "DownloadArchive",
    "Internal",
    "InvalidKey",
    "InvalidModel",
    "InvalidModelVersion",
    "MethodNotAllowed",
    "ModelNotFound",
    "ModelVersionNotFound",
    "ResourceNotFound",
    "ServiceUnavailable",
]


class ResourceNotFound(Fault):
    code = 404
    type = "ResourceNotFoundException"

    def __init__(self) -> None:
        super().__init__("Requested resource is not found, please refer to API document.")


class MethodNotAllowed(Fault):
    code = 405
    type = "MethodNotAllowedException"

    def __init__(self) -> None:
        super().__init__("Requested method is not allowed, please refer to API document.")


class ModelNotFound(Fault):
    code = 404
    type = "ModelNotFoundException"


class ModelVersionNotFound(Fault):
    code = 404
    type = "ModelVersionNotFoundException"


class InvalidModel(Fault):
    """An archive that can't be served as it is."""

    code = 400
    type = "InvalidModelException"


class InvalidModelVersion(Fault):
    code = 403
    type = "InvalidModelVersionException"


class InvalidKey(Fault):
    """TorchServe's status for a missing or wrong token is 400."""

    code = 400
    type = "InvalidKeyException"


class DownloadArchive(Fault):
    code = 400
    type = "DownloadArchiveException"


class Conflict(Fault):
    code = 409
    type = "ConflictStatusException"


class ServiceUnavailable(Fault):
    code = 503
    type = "ServiceUnavailableException"


class Internal(Fault):
    """What a handler or a worker failed with, under the status that TorchServe gives it."""

    type = "InternalServerException"

    def __init__(self, message: str, code: int = 500) -> None:
        super().__init__(message)
        self.code = code
