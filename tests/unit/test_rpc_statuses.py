from collections.abc import Callable

import pytest
from grpc import StatusCode

from handlers.errors import Fault
from serve.dialect import faults
from serve.rpc import statuses

JAVA = "org.pytorch.serve"
NOT_FOUND = faults.ModelNotFound("Model not found: nope")
NO_WORKER = faults.ServiceUnavailable("no worker")


@pytest.mark.parametrize(
    ("status", "fault", "code", "details"),
    [
        (statuses.of_prediction, NOT_FOUND, "INTERNAL", f"{JAVA}.archive.model.ModelNotFound"),
        (statuses.of_prediction, NO_WORKER, "INTERNAL", "InternalServerException.()"),
        (statuses.of_prediction, faults.BadRequest("x"), "INTERNAL", "BadRequestException.()"),
        (statuses.of_prediction, faults.Internal("x", 400), "INVALID_ARGUMENT", f"{JAVA}.http.I"),
        (statuses.of_prediction, faults.Internal("x", 418), "FAILED_PRECONDITION", f"{JAVA}.http"),
        (statuses.of_prediction, faults.Internal("x", 507), "INTERNAL", f"{JAVA}.http.Internal"),
        (statuses.of_prediction, faults.Internal("x", 503), "UNAVAILABLE", f"{JAVA}.http.Int"),
        (statuses.of_prediction, faults.Internal("x", 302), "UNKNOWN", f"{JAVA}.http.Internal"),
        (statuses.of_management, NOT_FOUND, "NOT_FOUND", f"{JAVA}.archive.model.ModelNotFound"),
        (statuses.of_management, faults.BadRequest("x"), "INVALID_ARGUMENT", f"{JAVA}.http.Bad"),
        (statuses.of_management, faults.DownloadArchive("x"), "INVALID_ARGUMENT", f"{JAVA}.arch"),
        (statuses.of_management, faults.Internal("x"), "INTERNAL", f"{JAVA}.http.InternalServer"),
        (statuses.of_customized_description, NOT_FOUND, "INTERNAL", f"{JAVA}.archive.model.M"),
    ],
)
def test_a_fault_is_its_sentence_and_its_java_class(
    status: Callable[[Fault], statuses.Status], fault: Fault, code: str, details: str
) -> None:
    found = status(fault)

    assert found.code is StatusCode[code]
    assert found.details.startswith(f"{fault}\n{details}")


@pytest.mark.parametrize("fault", [faults.Conflict("x"), faults.InvalidModelVersion("x")])
def test_what_torchserve_does_not_catch_has_no_details(fault: Fault) -> None:
    assert statuses.of_management(fault) == statuses.Status(StatusCode.UNKNOWN)
    assert statuses.of_management(fault).details == ""


@pytest.mark.parametrize(
    ("http", "code"),
    [
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (409, "ABORTED"),
        (413, "RESOURCE_EXHAUSTED"),
        (416, "OUT_OF_RANGE"),
        (429, "RESOURCE_EXHAUSTED"),
        (499, "CANCELLED"),
        (501, "UNIMPLEMENTED"),
        (504, "DEADLINE_EXCEEDED"),
        (600, "UNKNOWN"),
    ],
)
def test_each_http_status_has_its_code(http: int, code: str) -> None:
    assert statuses.code_of(http) is StatusCode[code]
