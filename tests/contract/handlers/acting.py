"""Does what the request's header `x-act` says, with the JSON of `x-value`."""

import json
import os
import signal
import sys
import time
from itertools import count as count_up
from pathlib import Path
from typing import Any

from ts.context import Context
from ts.utils.util import PredictionException

Value = Any  # JSON, as the row gives it
Rows = list[dict[str, Any]]

CALLS = count_up(1)
SHOWN = ("x-own", "url_path", "explain", "content-type")


def handle(data: Rows | None, context: Context) -> object:
    if data is None:  # called once so, when the model is loaded
        return None
    act = context.get_request_header(0, "x-act") or "echo"
    value = json.loads(context.get_request_header(0, "x-value") or "null")
    return ACTS[act](value, data, context)


def echo(value: Value, data: Rows, context: Context) -> list[object]:
    """What each request of the batch looks like from here."""
    return [
        {
            "version": context.manifest["model"]["modelVersion"],
            "row": {name: described(one) for name, one in row.items()},
            "headers": shown(context.get_all_request_header(i)),
        }
        for i, row in enumerate(data)
    ]


def shown(headers: dict[str, Any]) -> dict[str, Any]:
    found = {name.lower(): value for name, value in headers.items()}
    if "content-type" in found:  # a form's boundary is made up anew by each request
        found["content-type"] = found["content-type"].split("boundary=")[0]
    return {name: found[name] for name in SHOWN if name in found}


def described(value: Value) -> list[object]:
    if isinstance(value, bytes | bytearray):
        return [type(value).__name__, value.decode("latin-1")]
    return [type(value).__name__, value]


def about(value: Value, data: Rows, context: Context) -> list[object]:
    """What a handler is told of itself."""
    given = context.system_properties
    return [
        {
            "name": context.model_name,
            "batch_size": given["batch_size"],
            "gpu_id": given["gpu_id"],
            "server": given["server_name"],
            "version": given["server_version"],
            "limit_max_image_pixels": given["limit_max_image_pixels"],
            "config": context.model_yaml_config,
            "archive": context.manifest["model"],
            "request_id": len(context.get_request_id(0)),
            "here": Path(given["model_dir"]).samefile(Path(__file__).parent),
        }
    ] * len(data)


def header_named(value: Value, data: Rows, context: Context) -> list[object]:
    return [context.get_request_header(i, value) for i in range(len(data))]


def answer(value: Value, data: Rows, context: Context) -> list[object]:
    return [value] * len(data)


def back(value: Value, data: Rows, context: Context) -> list[object]:
    """What an envelope made of the request; of KServe's second protocol, the numbers."""
    return [numbers(one) for one in data]


def numbers(one: Value) -> object:
    if isinstance(one, bytes | bytearray):
        return one.decode("latin-1")
    return one["data"] if isinstance(one, dict) and "datatype" in one else one


def as_bytes(value: Value, data: Rows, context: Context) -> list[object]:
    return [value.encode("latin-1")] * len(data)


def raw(value: Value, data: Rows, context: Context) -> object:
    """Returned as it is, be it right or wrong."""
    return value


def unwritable(value: Value, data: Rows, context: Context) -> list[object]:
    return [{1, 2}] * len(data)


def headers(value: Value, data: Rows, context: Context) -> list[object]:
    for i in range(len(data)):
        for name, text in value.items():
            context.set_response_header(i, name, text)
    return ["with headers"] * len(data)


def content_type(value: Value, data: Rows, context: Context) -> list[object]:
    context.set_response_content_type(0, value)
    return ["typed"] * len(data)


def status(value: Value, data: Rows, context: Context) -> list[object]:
    code, phrase = value
    context.set_response_status(code, phrase, 0)
    return ["with a status"] * len(data)


def all_status(value: Value, data: Rows, context: Context) -> list[object]:
    context.set_all_response_status(*value)
    return ["with a status"] * len(data)


def refuse(value: Value, data: Rows, context: Context) -> None:
    raise PredictionException(*value)


def variable(value: Value, data: Rows, context: Context) -> list[object]:
    """One of the worker's environment."""
    return [os.environ.get(value)] * len(data)


def count(value: Value, data: Rows, context: Context) -> list[object]:
    """How often this worker was asked so."""
    version = context.manifest["model"]["modelVersion"]
    return [f"{version}: {next(CALLS)}" for _ in data]


def fail(value: Value, data: Rows, context: Context) -> None:
    kind, text = value
    raise {"ValueError": ValueError, "MemoryError": MemoryError, "KeyError": KeyError}[kind](text)


def sleep(value: Value, data: Rows, context: Context) -> list[object]:
    time.sleep(value)
    return [f"slept, {len(data)} at once"] * len(data)


def refuse_marked(value: Value, data: Rows, context: Context) -> list[object]:
    """Fails if one of the batch says so."""
    time.sleep(value)
    if any(row["body"] == "bad" for row in data):
        raise PredictionException("there is a bad one", 400)
    return ["good"] * len(data)


def leave(value: Value, data: Rows, context: Context) -> None:
    os._exit(value)


def leave_by_python(value: Value, data: Rows, context: Context) -> None:
    sys.exit(value)


def interrupt(value: Value, data: Rows, context: Context) -> None:
    raise KeyboardInterrupt


def kill(value: Value, data: Rows, context: Context) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


ACTS = {
    act.__name__: act
    for act in (
        echo,
        about,
        header_named,
        answer,
        back,
        as_bytes,
        raw,
        unwritable,
        headers,
        content_type,
        status,
        all_status,
        refuse,
        variable,
        count,
        fail,
        sleep,
        refuse_marked,
        leave,
        leave_by_python,
        interrupt,
        kill,
    )
}
