"""Keeps Ray Serve's ports off the network, and each to one process."""

from collections.abc import Callable, Sequence

import ray
from ray.serve._private import default_impl, grpc_util, replica

from serve.cluster import LOOPBACK

# What Ray Serve binds them to.
EVERYWHERE = "[::]"


def keep_private() -> None:
    """Called in every process before Ray Serve opens a gRPC port, to every interface: the internal
    ones of replicas, which take pickled requests, and those of gRPC's own. A cluster of several
    machines needs it so, a Ray of our own does not.
    """
    grpc_util.gRPCGenericServer = Alone
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


class Alone(grpc_util.gRPCGenericServer):  # type: ignore[misc]  # has no types
    """Ray forbids that a replica's port is shared by the text "0", where gRPC wants the number and
    lets all share it: of two Rays on one machine, the second's requests reach the first's replicas.
    """

    def __init__(
        self,
        factory: Callable[..., object],
        *,
        extra_options: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(
            factory, extra_options=[(name, int(value)) for name, value in extra_options]
        )
