"""The machine's gauges, in TorchServe's units."""

import os
import shutil
import time

import psutil
import pytest

from serve.dialect import host


def test_memory_is_in_megabytes() -> None:
    total = psutil.virtual_memory().total / 1024**2

    found = host.gauges()

    assert 0 < found["MemoryUsed"] < total
    assert 0 < found["MemoryAvailable"] < total
    assert found["MemoryUsed"] + found["MemoryAvailable"] == pytest.approx(total, rel=0.5)
    assert found["MemoryUtilization"] == pytest.approx(
        100 * (1 - found["MemoryAvailable"] / total), abs=5
    )


def test_the_disk_is_in_gigabytes() -> None:
    disk = shutil.disk_usage("/")

    found = host.gauges()

    assert found["DiskUsage"] == pytest.approx(disk.used / 1024**3, abs=0.5)
    assert found["DiskAvailable"] == pytest.approx(disk.free / 1024**3, abs=0.5)
    whole = disk.used + disk.free
    assert found["DiskUtilization"] == pytest.approx(100 * disk.used / whole, abs=1)


def test_the_processors_share_is_of_the_time_since_the_call_before() -> None:
    host.gauges()
    end = time.perf_counter() + 0.3
    while time.perf_counter() < end:
        pass

    found = host.gauges()["CPUUtilization"]

    # One of them, at least, was busy all the time.
    assert 50 / (os.cpu_count() or 1) < found <= 100
