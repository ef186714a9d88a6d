"""Pictures for the contract, and where its two servers listen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest

from handlers.categories import WITHOUT_UNKNOWN
from serve.drop_in import listening
from streamlit_app.tokens import KeyFile
from tests import images
from tests.conftest import System
from tests.contract.rows.asking import Target
from tests.contract.rows.limits import LIMIT
from tests.front import background, on_free_ports


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Sixteen that differ: more than a batch."""
    return [
        images.encoded(images.lesion(seed, code), "JPEG")
        for seed in range(2)
        for code in WITHOUT_UNKNOWN
    ]


@dataclass(frozen=True, kw_only=True)
class GrpcTarget:
    """Addresses are host:port; tokens are the keys of key_file.json, by their kind."""

    inference: str
    management: str
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def targets(system: System) -> dict[str, Target]:
    """Ray Serve has all on one address."""
    ray, ports = system.urls["ray"], system.ports
    return {
        "torchserve": Target(
            inference=system.urls["torchserve"],
            management=f"http://127.0.0.1:{ports['SKIN_TORCHSERVE_MANAGEMENT_PORT']}",
            metrics=f"http://127.0.0.1:{ports['SKIN_TORCHSERVE_METRICS_PORT']}",
            store=system.store,
            tokens=keys_of(system.keys["torchserve"]),
        ),
        "ray": Target(
            inference=ray,
            management=ray,
            metrics=ray,
            store=system.store,
            tokens=keys_of(system.keys["ray"]),
        ),
    }


@pytest.fixture(scope="session")
def dropped_in_target(system: System, targets: dict[str, Target]) -> Iterator[Target]:
    """The same Ray Serve, on ports as TorchServe has them."""
    ray = targets["ray"]
    front = replace(
        on_free_ports(),
        backend=ray.inference,
        grpc_backend=f"127.0.0.1:{system.ports['SKIN_RAY_GRPC_PORT']}",
        max_request_size=LIMIT,
    )
    with background() as loop, loop.within(listening(front)):
        yield replace(
            ray,
            inference=f"http://127.0.0.1:{front.inference_address.port}",
            management=f"http://127.0.0.1:{front.management_address.port}",
            metrics=f"http://127.0.0.1:{front.metrics_address.port}",
        )


@pytest.fixture(scope="session")
def grpc_targets(system: System) -> dict[str, GrpcTarget]:
    ray, inference, management = (
        f"127.0.0.1:{system.ports[name]}"
        for name in (
            "SKIN_RAY_GRPC_PORT",
            "SKIN_TORCHSERVE_GRPC_PORT",
            "SKIN_TORCHSERVE_GRPC_MANAGEMENT_PORT",
        )
    )
    return {
        "torchserve": GrpcTarget(
            inference=inference, management=management, tokens=keys_of(system.keys["torchserve"])
        ),
        "ray": GrpcTarget(inference=ray, management=ray, tokens=keys_of(system.keys["ray"])),
    }


@pytest.fixture
def management(system: System) -> Iterator[httpx.Client]:
    """Ray Serve's."""
    headers = {"authorization": f"Bearer {system.keys['ray'].key('management')}"}
    with httpx.Client(base_url=system.urls["ray"], headers=headers, timeout=120) as client:
        yield client


def keys_of(file: KeyFile) -> dict[str, str]:
    return {kind: file.key(kind) or "" for kind in ("inference", "management", "API")}
