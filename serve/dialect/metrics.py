"""What the server counts and measures, and its text in the form that TorchServe gives it."""

import logging
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf, isfinite

from serve.dialect import host
from serve.models.spec import HandlerMetric, MetricKind

log = logging.getLogger(__name__)

Labels = tuple[tuple[str, str], ...]

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
# The upper bounds that TorchServe's histograms have.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, inf)

HOST = ("Level", "Hostname")
DEVICE = ("Level", "DeviceId", "Hostname")
MODEL = ("ModelName", "Level", "Hostname")
VERSION = ("model_name", "model_version", "hostname")

# TorchServe's own order is another each time.
TORCHSERVES: tuple[tuple[str, MetricKind, str, tuple[str, ...]], ...] = (
    ("Requests2XX", "counter", "Count", HOST),
    ("Requests4XX", "counter", "Count", HOST),
    ("Requests5XX", "counter", "Count", HOST),
    ("ts_inference_requests_total", "counter", "Count", VERSION),
    ("ts_inference_latency_microseconds", "counter", "Microseconds", VERSION),
    ("ts_queue_latency_microseconds", "counter", "Microseconds", VERSION),
    ("QueueTime", "gauge", "Milliseconds", HOST),
    ("WorkerThreadTime", "gauge", "Milliseconds", HOST),
    ("WorkerLoadTime", "gauge", "Milliseconds", ("WorkerName", *HOST)),
    ("CPUUtilization", "gauge", "Percent", HOST),
    ("MemoryUsed", "gauge", "Megabytes", HOST),
    ("MemoryAvailable", "gauge", "Megabytes", HOST),
    ("MemoryUtilization", "gauge", "Percent", HOST),
    ("DiskUsage", "gauge", "Gigabytes", HOST),
    ("DiskUtilization", "gauge", "Percent", HOST),
    ("DiskAvailable", "gauge", "Gigabytes", HOST),
    ("GPUMemoryUtilization", "gauge", "Percent", DEVICE),
    ("GPUMemoryUsed", "gauge", "Megabytes", DEVICE),
    ("GPUUtilization", "gauge", "Percent", DEVICE),
    ("HandlerTime", "gauge", "ms", MODEL),
    ("PredictionTime", "gauge", "ms", MODEL),
)
OURS = {
    "shadow_requests_total": "Requests that a shadow version got a copy of",
    "shadow_disagreements_total": "Those that it answered otherwise than the client was told",
}


@dataclass(frozen=True, kw_only=True)
class Family:
    """All samples of one name; those of a histogram end in _bucket, _count and _sum."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...]
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def take(self, value: float, *labels: str) -> None:
        """A counter grows by the value, a gauge is set to it."""
        pairs = tuple(zip(self.labels, labels, strict=True))
        if self.kind == "gauge":
            self.samples[self.name, pairs] = value
        elif self.kind == "counter":
            self.add(self.name, pairs, value)
        else:
            for bound in BUCKETS:
                in_bucket = (*pairs, ("le", number(bound)))
                self.add(f"{self.name}_bucket", in_bucket, float(value <= bound))
            self.add(f"{self.name}_count", pairs, 1)
            self.add(f"{self.name}_sum", pairs, value)

    def add(self, name: str, pairs: Labels, value: float) -> None:
        self.samples[name, pairs] = self.samples.get((name, pairs), 0.0) + value

    def lines(self, names: Sequence[str]) -> Iterator[str]:
        """With names given only their samples, and without any of them nothing."""
        shown = [one for one in self.samples.items() if not names or one[0][0] in names]
        if names and not shown:
            return
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for (name, pairs), value in shown:
            labels = "".join(f'{label}="{escaped(text)}",' for label, text in pairs)
            yield f"{name}{{{labels}}} {number(value)}"


class Metrics:
    def __init__(self) -> None:
        self.hostname = socket.gethostname()
        self.families = {one.name: one for one in declared()}
        # From here on the processors' time is measured.
        host.gauges()

    def answered(self, status: int) -> None:
        """An answer of any request; TorchServe takes what is neither 2xx nor 4xx for a 5xx."""
        family = {2: "Requests2XX", 4: "Requests4XX"}.get(status // 100, "Requests5XX")
        self.take(family, 1, "Host", self.hostname)

    def inference(self, model: str, version: str) -> None:
        """A request that a model was found for; the version is the one it named, or default."""
        self.take("ts_inference_requests_total", 1, model, version, self.hostname)

    def inference_latency_us(self, model: str, version: str, value: float) -> None:
        self.take("ts_inference_latency_microseconds", value, model, version, self.hostname)

    def queue_latency_us(self, model: str, version: str, value: float) -> None:
        self.take("ts_queue_latency_microseconds", value, model, version, self.hostname)

    def gauge(self, name: str, value: float) -> None:
        """One of the whole host's."""
        self.take(name, value, "Host", self.hostname)

    def worker_load_time(self, worker: str, milliseconds: float) -> None:
        """TorchServe has the port of a worker after the W, which none has here."""
        self.take("WorkerLoadTime", milliseconds, f"W-{worker}", "Host", self.hostname)

    def shadowed(self, model: str, version: str, *, agrees: bool) -> None:
        self.take("shadow_requests_total", 1, model, version)
        self.take("shadow_disagreements_total", float(not agrees), model, version)

    def handler_metric(self, one: HandlerMetric) -> None:
        """What a handler measured; a name keeps the kind and dimensions it had at first."""
        given = one.dimensions | {"Hostname": self.hostname}
        family = self.families.get(one.name) or custom(one, tuple(given))
        if family is None or set(family.labels) != set(given):
            log.warning("a handler's metric has no valid name or dimensions: %s", one)
            return
        self.families[one.name] = family
        family.take(one.value, *(given[label] for label in family.labels))

    def text(self, names: Sequence[str] = ()) -> str:
        """All of it, or the samples of these names."""
        for name, value in host.gauges().items():
            self.gauge(name, value)
        lines = [line for family in self.families.values() for line in family.lines(names)]
        return "".join(f"{line}\n" for line in lines)

    def take(self, family: str, value: float, *labels: str) -> None:
        self.families[family].take(value, *labels)


def declared() -> Iterator[Family]:
    """Shown from the start, sampled or not."""
    for name, kind, unit, labels in TORCHSERVES:
        yield torchserves(name, kind, unit, labels)
    for name, text in OURS.items():
        yield Family(name=name, kind="counter", help=text, labels=("model_name", "model_version"))


def torchserves(name: str, kind: MetricKind, unit: str, labels: tuple[str, ...]) -> Family:
    text = f"Torchserve prometheus {kind} metric with unit: {unit}"
    return Family(name=name, kind=kind, help=text, labels=labels)


def custom(one: HandlerMetric, labels: tuple[str, ...]) -> Family | None:
    """None if no scraper could read it."""
    if not NAME.fullmatch(one.name) or not all(LABEL.fullmatch(label) for label in labels):
        return None
    return torchserves(one.name, one.kind, one.unit, labels)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: float) -> str:
    """As Java writes a double, with an exponent where it is very large or very small."""
    if not isfinite(value):
        return {inf: "+Inf", -inf: "-Inf"}.get(value, "NaN")
    shortest = repr(float(value))
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return shortest
    exact = Decimal(shortest).normalize()
    first, *rest = map(str, exact.as_tuple().digits)
    sign = "-" if value < 0 else ""
    return f"{sign}{first}.{''.join(rest) or '0'}E{exact.adjusted()}"
