"""When a Ray of our own is started, what its processes are told, and the ports that it chooses."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
import ray
from ray._private import ray_constants

from serve import cluster
from serve.cluster import LOOPBACK, PRIVATE_PORTS, environment, free_ports

GIVEN_BY_SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_none_is_in_use_or_asked_for_twice() -> None:
    with socket.create_server((LOOPBACK, PRIVATE_PORTS[0])):
        found = free_ports(len(PRIVATE_PORTS))

    assert PRIVATE_PORTS[0] not in found
    assert len(set(found)) == len(found) > len(PRIVATE_PORTS) / 2


@pytest.mark.skipif(not GIVEN_BY_SYSTEM.exists(), reason="only Linux says which it gives away")
def test_none_is_one_that_the_system_gives_away() -> None:
    first, last = map(int, GIVEN_BY_SYSTEM.read_text().split())

    assert not set(range(first, last + 1)) & set(free_ports(20))


@pytest.mark.parametrize(
    ("address", "started"), [(None, ["local"]), ("", ["local"]), ("10.0.0.1:6379", [])]
)
def test_ours_is_started_unless_a_cluster_is_named(
    address: str | None, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda **given: asked.append(given["address"]))
    # What is set for good.
    monkeypatch.setattr(cluster, "environment", lambda _: {})
    monkeypatch.setattr(cluster, "Config", SimpleNamespace(initialize=lambda _: None))
    monkeypatch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if address is not None:
        monkeypatch.setenv("RAY_ADDRESS", address)

    cluster.start(1)

    assert asked == started
    assert os.environ.get("RAY_ADDRESS") == (address or None)


def test_it_sends_no_usage_statistics() -> None:
    assert environment(1)["RAY_USAGE_STATS_ENABLED"] == "0"


def test_it_listens_on_loopback_and_wants_a_token_of_its_own() -> None:
    first, second = environment(1), environment(1)

    assert first["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert first["RAY_AUTH_MODE"] == "token"
    assert first["RAY_AUTH_TOKEN"] != second["RAY_AUTH_TOKEN"]
