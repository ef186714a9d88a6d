"""Keeps a replica's internal port off the network."""

import ray
from ray.serve._private import replica

from serve.cluster import LOOPBACK


def keep_on_loopback() -> None:
    """Called in a replica before Ray opens its internal gRPC port, to every interface and for
    pickled requests; a cluster of several machines needs it so, a Ray of our own does not.
    """
    if ray.util.get_node_ip_address() != LOOPBACK:
        return
    add_port = replica.add_port_to_grpc_server

    def add_loopback_port(server: object, address: str) -> int:
        port: int = add_port(server, address.replace("[::]", LOOPBACK))
        return port

    replica.add_port_to_grpc_server = add_loopback_port
