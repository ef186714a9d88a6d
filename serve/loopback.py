"""Keeps Ray Serve's internal ports off the network."""

import ray
from ray.serve._private import default_impl, replica

from serve.cluster import LOOPBACK

# What Ray Serve binds them to.
EVERYWHERE = "[::]"


def keep_on_loopback() -> None:
    """Called in every process before Ray Serve opens a gRPC port, to every interface: the internal
    ones of replicas, which take pickled requests, and those of gRPC's own. A cluster of several
    machines needs it so, a Ray of our own does not.
    """
    if ray.util.get_node_ip_address() != LOOPBACK:
        return
    add_internal, add_public = replica.add_port_to_grpc_server, default_impl.add_grpc_address

    def add_internal_on_loopback(server: object, address: str) -> int:
        port: int = add_internal(server, address.replace(EVERYWHERE, LOOPBACK))
        return port

    def add_public_on_loopback(server: object, address: str) -> None:
        add_public(server, address.replace(EVERYWHERE, LOOPBACK))

    replica.add_port_to_grpc_server = add_internal_on_loopback
    default_impl.add_grpc_address = add_public_on_loopback
