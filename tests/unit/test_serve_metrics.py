"""The metrics' text is what TorchServe's own scrapers match on."""

import re
import socket
from dataclasses import replace

import pytest

from serve.dialect.metrics import Metrics
from serve.models.spec import HandlerMetric, MetricKind

HOST = socket.gethostname()
# Without a sample on a machine that has just started to serve.
SILENT = {
    "Requests2XX": ("counter", "Count"),
    "Requests4XX": ("counter", "Count"),
    "Requests5XX": ("counter", "Count"),
    "ts_inference_requests_total": ("counter", "Count"),
    "ts_inference_latency_microseconds": ("counter", "Microseconds"),
    "ts_queue_latency_microseconds": ("counter", "Microseconds"),
    "QueueTime": ("gauge", "Milliseconds"),
    "WorkerThreadTime": ("gauge", "Milliseconds"),
    "WorkerLoadTime": ("gauge", "Milliseconds"),
    "GPUMemoryUtilization": ("gauge", "Percent"),
    "GPUMemoryUsed": ("gauge", "Megabytes"),
    "GPUUtilization": ("gauge", "Percent"),
    "HandlerTime": ("gauge", "ms"),
    "PredictionTime": ("gauge", "ms"),
}
SAMPLED = {
    "CPUUtilization": ("gauge", "Percent"),
    "MemoryUsed": ("gauge", "Megabytes"),
    "MemoryAvailable": ("gauge", "Megabytes"),
    "MemoryUtilization": ("gauge", "Percent"),
    "DiskUsage": ("gauge", "Gigabytes"),
    "DiskUtilization": ("gauge", "Percent"),
    "DiskAvailable": ("gauge", "Gigabytes"),
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def measured(
    name: str,
    value: float,
    unit: str = "Milliseconds",
    kind: MetricKind = "gauge",
    **dimensions: str,
) -> HandlerMetric:
    own = dimensions | {"ModelName": "skin", "Level": "Model"}
    return HandlerMetric(name=name, kind=kind, unit=unit, value=value, dimensions=own)


def samples(metrics: Metrics, *names: str) -> list[str]:
    return [line for line in metrics.text(names).splitlines() if not line.startswith("#")]


def test_every_family_of_torchserve_is_there_from_the_start(metrics: Metrics) -> None:
    text = metrics.text()

    for name, (kind, unit) in (SILENT | SAMPLED).items():
        head = f"# HELP {name} Torchserve prometheus {kind} metric with unit: {unit}\n"
        assert text.count(f"{head}# TYPE {name} {kind}\n") == 1
    assert text.endswith("\n")


def test_only_the_machines_gauges_have_a_sample_at_first(metrics: Metrics) -> None:
    found = samples(metrics)

    assert [line.split("{")[0] for line in found] == list(SAMPLED)
    for line in found:
        assert re.fullmatch(rf'\w+{{Level="Host",Hostname="{HOST}",}} \d+\.\d+(E\d+)?', line)


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (200, "Requests2XX"),
        (206, "Requests2XX"),
        (299, "Requests2XX"),
        (400, "Requests4XX"),
        (499, "Requests4XX"),
        (500, "Requests5XX"),
        (507, "Requests5XX"),
        (100, "Requests5XX"),
        (301, "Requests5XX"),
        (600, "Requests5XX"),
    ],
)
def test_an_answer_is_counted_by_the_first_digit_of_its_status(
    metrics: Metrics, status: int, family: str
) -> None:
    for _ in range(25):
        metrics.answered(status)

    found = samples(metrics, "Requests2XX", "Requests4XX", "Requests5XX")
    assert found == [f'{family}{{Level="Host",Hostname="{HOST}",}} 25.0']


def test_requests_are_counted_by_model_and_by_the_version_they_named(metrics: Metrics) -> None:
    metrics.inference("skin", "default")
    metrics.inference("skin", "default")
    metrics.inference("skin", "1.0")
    metrics.inference("other", "default")

    name = "ts_inference_requests_total"
    assert samples(metrics, name) == [
        f'{name}{{model_name="skin",model_version="default",hostname="{HOST}",}} 2.0',
        f'{name}{{model_name="skin",model_version="1.0",hostname="{HOST}",}} 1.0',
        f'{name}{{model_name="other",model_version="default",hostname="{HOST}",}} 1.0',
    ]


def test_latencies_are_sums(metrics: Metrics) -> None:
    for value in (1000.5, 2000.25):
        metrics.inference_latency_us("skin", "default", value)
    for value in (10.0, 20.0):
        metrics.queue_latency_us("skin", "2.0", value)

    whole, queue = "ts_inference_latency_microseconds", "ts_queue_latency_microseconds"
    assert samples(metrics, whole, queue) == [
        f'{whole}{{model_name="skin",model_version="default",hostname="{HOST}",}} 3000.75',
        f'{queue}{{model_name="skin",model_version="2.0",hostname="{HOST}",}} 30.0',
    ]


def test_a_gauge_is_what_was_measured_last(metrics: Metrics) -> None:
    metrics.gauge("QueueTime", 7)
    metrics.gauge("QueueTime", 0.5)

    assert samples(metrics, "QueueTime") == [f'QueueTime{{Level="Host",Hostname="{HOST}",}} 0.5']


def test_a_workers_time_to_load_bears_its_name(metrics: Metrics) -> None:
    metrics.worker_load_time("skin_1.0", 1432)

    assert samples(metrics, "WorkerLoadTime") == [
        f'WorkerLoadTime{{WorkerName="W-skin_1.0",Level="Host",Hostname="{HOST}",}} 1432.0'
    ]


def test_a_shadow_that_always_agrees_shows_no_disagreements(metrics: Metrics) -> None:
    metrics.shadowed("skin", "2.0", agrees=True)
    metrics.shadowed("skin", "2.0", agrees=True)
    metrics.shadowed("skin", "3.0", agrees=False)

    labels = 'model_name="skin",model_version='
    assert samples(metrics, "shadow_requests_total", "shadow_disagreements_total") == [
        f'shadow_requests_total{{{labels}"2.0",}} 2.0',
        f'shadow_requests_total{{{labels}"3.0",}} 1.0',
        f'shadow_disagreements_total{{{labels}"2.0",}} 0.0',
        f'shadow_disagreements_total{{{labels}"3.0",}} 1.0',
    ]


def test_a_handlers_time_keeps_the_unit_that_torchserve_declares(metrics: Metrics) -> None:
    metrics.handler_metric(measured("HandlerTime", 24.94))

    assert metrics.text(["HandlerTime"]) == (
        "# HELP HandlerTime Torchserve prometheus gauge metric with unit: ms\n"
        "# TYPE HandlerTime gauge\n"
        f'HandlerTime{{ModelName="skin",Level="Model",Hostname="{HOST}",}} 24.94\n'
    )


@pytest.mark.parametrize(("kind", "value"), [("counter", "5.0"), ("gauge", "3.0")])
def test_a_handlers_own_metric_is_shown_by_its_kind(
    metrics: Metrics, kind: MetricKind, value: str
) -> None:
    for number in (2, 3):
        metrics.handler_metric(measured("Pictures", number, "Count", kind, Kind='a"\\\n'))

    labels = 'Kind="a\\"\\\\\\n",ModelName="skin",Level="Model"'
    assert metrics.text(["Pictures"]) == (
        f"# HELP Pictures Torchserve prometheus {kind} metric with unit: Count\n"
        f"# TYPE Pictures {kind}\n"
        f'Pictures{{{labels},Hostname="{HOST}",}} {value}\n'
    )


def test_a_handlers_histogram_has_torchserves_buckets(metrics: Metrics) -> None:
    for value in (0.075, 4, 40):
        metrics.handler_metric(measured("Size", value, "Kilobytes", "histogram"))

    labels = f'ModelName="skin",Level="Model",Hostname="{HOST}",'
    counts = {"0.005": 0, "0.01": 0, "0.025": 0, "0.05": 0, "0.075": 1, "0.1": 1, "0.25": 1}
    counts |= {"0.5": 1, "0.75": 1, "1.0": 1, "2.5": 1, "5.0": 2, "7.5": 2, "10.0": 2, "+Inf": 3}
    assert metrics.text(["Size_bucket", "Size_count", "Size_sum"]).splitlines() == [
        "# HELP Size Torchserve prometheus histogram metric with unit: Kilobytes",
        "# TYPE Size histogram",
        *(f'Size_bucket{{{labels}le="{le}",}} {count}.0' for le, count in counts.items()),
        f"Size_count{{{labels}}} 3.0",
        f"Size_sum{{{labels}}} 44.075",
    ]


@pytest.mark.parametrize(
    "unreadable",
    [
        measured("no name", 1),
        measured("2nd", 1),
        measured("name\nline", 1),
        replace(measured("Fine", 1), dimensions={"not-fine": "x"}),
        measured("Fine", 1, __own="x"),
        measured("HandlerTime", 1, Kind="x"),
        measured("Requests2XX", 1),
    ],
    ids=lambda one: f"{one.name}, {', '.join(one.dimensions)}",
)
def test_what_no_scraper_could_read_is_left_out_and_said(
    metrics: Metrics, caplog: pytest.LogCaptureFixture, unreadable: HandlerMetric
) -> None:
    machine = samples(metrics, *SAMPLED)

    metrics.handler_metric(unreadable)

    assert len(samples(metrics)) == len(machine)
    assert repr(unreadable.name) in caplog.text


def test_names_that_are_asked_for_are_shown_alone(metrics: Metrics) -> None:
    metrics.answered(200)
    metrics.gauge("QueueTime", 1)

    assert metrics.text(["QueueTime", "nope", "QueueTime"]) == (
        "# HELP QueueTime Torchserve prometheus gauge metric with unit: Milliseconds\n"
        "# TYPE QueueTime gauge\n"
        f'QueueTime{{Level="Host",Hostname="{HOST}",}} 1.0\n'
    )


@pytest.mark.parametrize("name", ["nope", "", "HandlerTime", "requests2XX", "Requests"])
def test_a_name_without_a_sample_shows_nothing(metrics: Metrics, name: str) -> None:
    metrics.answered(200)

    assert metrics.text([name]) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.0"),
        (12, "12.0"),
        (9_999_999.5, "9999999.5"),
        (10_000_000, "1.0E7"),
        (12_345_678.25, "1.234567825E7"),
        (0.001, "0.001"),
        (0.00017, "1.7E-4"),
        (-0.00017, "-1.7E-4"),
        (-25_000_000, "-2.5E7"),
        (1e300, "1.0E300"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_written_as_java_writes_them(
    metrics: Metrics, value: float, shown: str
) -> None:
    metrics.gauge("QueueTime", value)

    assert samples(metrics, "QueueTime")[0].split()[-1] == shown
