"""What goes to a replica and comes back from it; loads neither torch nor TorchServe's code."""

from dataclasses import dataclass
from typing import Literal

from serve.dialect.calls import Failure, Reply

MetricKind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, kw_only=True)
class WorkerSpec:
    """What a replica needs to know.

    `folder` is the unpacked archive, `hidden_variables` a regular expression.
    """

    model: str
    folder: str
    handler: str
    envelope: str | None
    batch_size: int
    response_timeout_s: float
    threads: int
    limit_pixels: bool
    hidden_variables: str


@dataclass(frozen=True, kw_only=True)
class HandlerMetric:
    name: str
    kind: MetricKind
    unit: str
    value: float
    dimensions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Worked:
    """The answers, the seconds of work and what the handler measured."""

    answers: list[Reply | Failure]
    seconds: float
    measured: list[HandlerMetric]
