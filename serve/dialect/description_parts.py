"""What the OpenAPI descriptions are put together from: parameters, answers and schemas."""

from typing import TypeAlias

Json: TypeAlias = dict[str, object]
# Path -> method -> operation.
Paths: TypeAlias = dict[str, dict[str, Json]]

JSON = "application/json"
METRICS_TEXT = "text/plain; version=0.0.4; charset=utf-8"

FAULTS = {
    400: "The request is wrong, or its token is missing, wrong or out of date.",
    403: "The default version stays as long as there are others.",
    404: "There is no such model, version, archive or path.",
    405: "The method is not allowed, or models may not be changed over the API.",
    408: "The workers did not end in time.",
    409: "This version of the model is registered already.",
    500: "The server or one of its workers failed.",
    503: "No worker can take the request, or the handler failed.",
    507: "A worker ran out of memory.",
}
# Written by the server below its own code, so without a body.
EMPTY = {413: "The body is larger than max_request_size.", 417: "Expect is not 100-continue."}


def operation(
    name: str, summary: str, answers: Json, *, parameters: list[Json] | None = None, **more: object
) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters or [],
        **more,
        "responses": answers,
    }


def in_path(name: str, text: str) -> Json:
    schema = {"type": "string", "minLength": 1}
    return {"in": "path", "name": name, "description": text, "required": True, "schema": schema}


def in_query(name: str, text: str, schema: Json, *, required: bool = False) -> Json:
    return {
        "in": "query",
        "name": name,
        "description": text,
        "required": required,
        "schema": schema,
    }


MODEL = in_path("model_name", "Name of a registered model.")
VERSION = in_path("model_version", "One of its versions.")


def string(**more: object) -> Json:
    return {"type": "string", **more}


def integer(default: int | None = None) -> Json:
    """A number that does not parse counts as the default."""
    return {"type": "integer"} | ({} if default is None else {"default": default})


def flag(default: bool) -> Json:
    return {"type": "boolean", "default": default}


def answers(good: Json, *faults: int) -> Json:
    """By status; every fault has the same body but those that are written before it."""
    return {
        **good,
        **{str(code): answer(FAULTS[code], schema("Fault")) for code in faults if code in FAULTS},
        **{str(code): {"description": EMPTY[code]} for code in faults if code in EMPTY},
    }


def answer(text: str, content: Json, content_type: str = JSON) -> Json:
    return {"description": text, "content": {content_type: {"schema": content}}}


def schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def record(required: dict[str, Json], optional: dict[str, Json] | None = None) -> Json:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
    }


def listed(items: Json) -> Json:
    return {"type": "array", "items": items}


SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}

SCHEMAS: dict[str, Json] = {
    "Fault": record({"code": integer(), "type": string(), "message": string()}),
    "Status": record({"status": string()}),
    "Health": record({"status": string(enum=["Healthy", "Unhealthy"])}),
    "Description": {"type": "object", "required": ["openapi", "info", "paths"]},
    "ModelList": record(
        {"models": listed(record({"modelName": string(), "modelUrl": string()}))},
        {"nextPageToken": string()},
    ),
    "Worker": record(
        {"id": string(), "startTime": string(), "status": string()},
        {
            "memoryUsage": integer(),
            "pid": integer(),
            "gpu": {"type": "boolean"},
            "gpuUsage": string(),
        },
    ),
    "Model": record(
        {
            "modelName": string(),
            "modelVersion": string(),
            "modelUrl": string(),
            "runtime": string(),
            "minWorkers": integer(),
            "maxWorkers": integer(),
            "batchSize": integer(),
            "maxBatchDelay": integer(),
            "responseTimeout": integer(),
            "startupTimeout": integer(),
            "loadedAtStartup": {"type": "boolean"},
            "workers": listed(schema("Worker")),
            "jobQueueStatus": record(
                {"remainingCapacity": integer(), "pendingRequests": integer()}
            ),
        },
        {
            "maxRetryTimeoutInSec": integer(),
            "clientTimeoutInMills": integer(),
            "parallelType": string(),
            "parallelLevel": integer(),
            "deviceType": string(),
            "deviceIds": listed(integer()),
            "continuousBatching": {"type": "boolean"},
            "useJobTicket": {"type": "boolean"},
            "useVenv": {"type": "boolean"},
            "stateful": {"type": "boolean"},
            "sequenceMaxIdleMSec": integer(),
            "sequenceTimeoutMSec": integer(),
            "maxNumSequence": integer(),
            "maxSequenceJobQueueSize": integer(),
            "customizedMetadata": {},
        },
    ),
    "Readiness": record({"name": string(), "ready": {"type": "boolean"}}),
}
