"""The ports that a Ray of our own chooses for itself."""

import socket
from pathlib import Path

import pytest

from serve.cluster import LOOPBACK, PRIVATE_PORTS, free_ports

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
