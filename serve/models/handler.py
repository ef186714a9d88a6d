"""A handler of an archive, loaded and called by TorchServe's own Python code.

It must load what the archive holds, so this module imports nothing of the project's core.
"""

import importlib
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite, nan
from pathlib import Path
from threading import Timer
from typing import cast

import ts.service
from ts.context import RequestProcessor
from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
from ts.model_loader import ModelLoaderFactory

from serve.dialect.calls import Failure, Job, Parameter, Reply
from serve.models.replies import replies
from serve.models.spec import HandlerMetric, MetricKind, WorkerSpec

log = logging.getLogger(__name__)

METRICS = Path(ts.service.__file__).parent / "configs" / "metrics.yaml"
# As TorchServe logs a metric for its front: name.unit:value|#dimension:value,…|#type:KIND|#…
LOGGED = re.compile(
    r"\[METRICS\](?P<name>.+?)\.(?P<unit>\w+):(?P<value>\S+?)\|#(?P<dimensions>[^|]*)"
    r"\|#type:(?P<kind>COUNTER|GAUGE|HISTOGRAM)\|"
)


class AnyCase(RequestProcessor):  # type: ignore[misc]  # ts has no types
    """Headers by their name in any case: an ASGI server hands them over in lower case."""

    def get_request_property(self, key: str) -> str | None:
        wanted = key.lower()
        headers = self.get_request_properties().items()
        return next((value for name, value in headers if name.lower() == wanted), None)


class Collector(logging.Handler):
    """Keeps what handlers measure, which TorchServe has them log."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[HandlerMetric] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Passes over what is no number, as TorchServe's front does."""
        if not (match := LOGGED.search(record.getMessage())):
            return
        value = number(match["value"])
        if not isfinite(value):
            log.warning("a handler's metric is no number: %s", match[0])
            return
        pairs = (pair.split(":", 1) for pair in match["dimensions"].split(",") if ":" in pair)
        self.found.append(
            HandlerMetric(
                name=match["name"],
                kind=cast(MetricKind, match["kind"].lower()),
                unit=match["unit"],
                value=value,
                dimensions=dict(pairs),
            )
        )

    def taken(self) -> list[HandlerMetric]:
        found, self.found = self.found, []
        return found


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


class ArchivedHandler:
    """An envelope gets one request at a time, so that it works with batches."""

    def __init__(self, spec: WorkerSpec, gpu: int | None) -> None:
        own_modules_first(Path(spec.folder))
        ts.service.RequestProcessor = AnyCase
        metrics = MetricsCacheYamlImpl(config_file_path=str(METRICS))
        metrics.initialize_cache()
        metrics.model_name = spec.model
        self.metrics = Collector()
        measuring = logging.getLogger("ts.metrics.caching_metric")
        measuring.addHandler(self.metrics)
        measuring.setLevel(logging.INFO)
        measuring.propagate = False
        self.timeout_s = spec.response_timeout_s
        self.one_by_one = spec.envelope is not None
        self.service = ModelLoaderFactory.get_model_loader().load(
            spec.model,
            spec.folder,
            spec.handler,
            gpu,
            spec.batch_size,
            spec.envelope,
            spec.limit_pixels,
            metrics,
        )
        # Its predict() hands this on to handlers that stream, which are refused.
        self.service.set_cl_socket(None)

    def answer(self, jobs: list[Job]) -> list[Reply | Failure]:
        """What fails together is tried again one by one: a bad request fails for itself alone."""
        if self.one_by_one and len(jobs) > 1:
            return [self.batch([job])[0] for job in jobs]
        found = self.batch(jobs)
        if len(jobs) > 1 and any(isinstance(one, Failure) for one in found):
            return [self.batch([job])[0] for job in jobs]
        return found

    def batch(self, jobs: list[Job]) -> list[Reply | Failure]:
        with ended_after(self.timeout_s):
            return replies(self.service.predict([request_of(job) for job in jobs]))


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Ends this process if it takes longer: there is no other way to stop a handler."""
    watch = Timer(seconds, os._exit, [1])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def own_modules_first(folder: Path) -> None:
    """What lies in the archive shadows what this process has loaded under the same name."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    own = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    for module in [name for name in sys.modules if name.split(".")[0] in own]:
        file = getattr(sys.modules[module], "__file__", None)
        if file is None or not Path(file).is_relative_to(folder):
            del sys.modules[module]


def request_of(job: Job) -> dict[str, object]:
    """As TorchServe's worker reads a request off its socket."""
    headers = job.headers
    if job.command == "describe":
        headers = headers | {"describe": "True"}
    return {
        "requestId": job.request_id.encode(),
        "headers": [{"name": k.encode(), "value": v.encode()} for k, v in headers.items()],
        "parameters": [
            {"name": one.name, "value": decoded(one), "contentType": one.content_type}
            for one in job.parameters
        ],
    }


def decoded(parameter: Parameter) -> object:
    """JSON and text as values; what is not what it says it is stays bytes."""
    try:
        if parameter.content_type == "application/json":
            return json.loads(parameter.value)
        if parameter.content_type.startswith("text"):
            return parameter.value.decode()
    except (ValueError, RecursionError):
        log.warning("a request's body is not %s", parameter.content_type)
    return bytearray(parameter.value)
