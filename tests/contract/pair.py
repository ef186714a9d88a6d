"""A TorchServe and a Ray Serve on TorchServe's ports, side by side, for settings of their own."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT, free_ports
from tests.contract import archives
from tests.contract.rows.asking import PORTS, Target
from tests.contract.rows.envelopes import HIDDEN, VARIABLES
from up.processes import running
from up.servers import Server

TORCHSERVE = (
    "SKIN_TORCHSERVE_PORT",
    "SKIN_TORCHSERVE_MANAGEMENT_PORT",
    "SKIN_TORCHSERVE_METRICS_PORT",
    "SKIN_TORCHSERVE_GRPC_PORT",
    "SKIN_TORCHSERVE_GRPC_MANAGEMENT_PORT",
)
RAY = ("SKIN_RAY_PORT", "SKIN_RAY_GRPC_PORT", "TS_GRPC_INFERENCE_PORT", "TS_GRPC_MANAGEMENT_PORT")
COMMON = {
    **dict.fromkeys(VARIABLES, "set"),
    "SKIN_ARCHIVE": "acting.mar",
    "SKIN_SNAPSHOT": "",
    "TS_BLACKLIST_ENV_VARS": HIDDEN,
    "TS_DEFAULT_WORKERS_PER_MODEL": "1",
    "TS_DISABLE_TOKEN_AUTHORIZATION": "true",
    "TS_ENABLE_METRICS_API": "false",
}


@contextmanager
def pair(folder: Path, settings: Mapping[str, str]) -> Iterator[dict[str, Target]]:
    """Both serve `acting`, and read the settings from their environment."""
    archives.fill(folder)
    numbers = iter(free_ports(len((*TORCHSERVE, *RAY, *PORTS))))
    ports = {name: str(next(numbers)) for name in (*TORCHSERVE, *RAY)}
    urls = {
        "torchserve": [f"http://127.0.0.1:{ports[name]}" for name in TORCHSERVE[: len(PORTS)]],
        "ray": [f"http://127.0.0.1:{next(numbers)}" for _ in PORTS],
    }
    # TorchServe's script puts its own addresses over those that are Ray Serve's here.
    addresses = {
        f"TS_{port}_ADDRESS".upper(): url for port, url in zip(PORTS, urls["ray"], strict=True)
    }
    environment = {**os.environ, **COMMON, **ports, **addresses, "SKIN_MODEL_STORE": str(folder)}
    commands = {
        "torchserve": (str(ROOT / "mar_config" / "start_torchserve.sh"),),
        "ray": (sys.executable, "-m", "serve.run", "--drop-in"),
    }
    with running(folder / "logs", {**environment, **settings}) as group:
        for name, command in commands.items():
            ping = f"{urls[name][0]}/ping"
            group.start(Server(name=name, command=command, address=ping, ready_url=ping))
        group.wait_until_ready()
        yield {name: target(found, folder) for name, found in urls.items()}


def target(urls: list[str], store: Path) -> Target:
    inference, management, metrics = urls
    return Target(inference=inference, management=management, metrics=metrics, store=store)
