"""What a request becomes before an archive's own handler sees it, and what that measures."""

import logging
from collections.abc import Iterator

import numpy as np
import pytest
from ts.metrics.caching_metric import CachingMetric
from ts.metrics.metric_type_enum import MetricTypes

from serve.dialect.calls import Parameter
from serve.models.handler import Collector, decoded


@pytest.mark.parametrize(
    ("content_type", "value", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("text/plain", b"hello", "hello"),
        ("application/octet-stream", b"\xff", bytearray(b"\xff")),
        ("application/json", b"{", bytearray(b"{")),
        ("application/json", b"[" * 100_000, bytearray(b"[" * 100_000)),
        ("text/plain", b"\xff", bytearray(b"\xff")),
    ],
    ids=["json", "text", "bytes", "no json", "json without an end", "no text"],
)
def test_what_is_not_what_it_says_it_is_stays_bytes(
    content_type: str, value: bytes, expected: object
) -> None:
    found = decoded(Parameter(name="data", value=value, content_type=content_type))

    assert found == expected
    assert type(found) is type(expected)


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector, measuring = Collector(), logging.getLogger("ts.metrics.caching_metric")
    before = measuring.level
    measuring.addHandler(collector)
    measuring.setLevel(logging.INFO)
    yield collector
    measuring.removeHandler(collector)
    measuring.setLevel(before)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2, [2.0]),
        (0.5, [0.5]),
        (np.float32(0.5), [0.5]),
        (True, []),
        (np.array([0.5]), []),
        (float("nan"), []),
        (float("inf"), []),
    ],
    ids=str,
)
def test_what_a_handler_measures_and_is_no_number_is_passed_over_and_told(
    collector: Collector, value: float, kept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    metric = CachingMetric("Pictures", "Count", ["Level"], MetricTypes.COUNTER)

    metric.add_or_update(value, ["Model"])

    assert [one.value for one in collector.taken()] == kept
    assert ("no number: [METRICS]Pictures.Count:" in caplog.text) is not bool(kept)
