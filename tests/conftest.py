"""Pictures, a tiny model, and every server, started once a session by `python -m up` itself."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import httpx
import psutil
import pytest

from streamlit_app.settings import Backend
from streamlit_app.settings import Settings as PageSettings
from streamlit_app.tokens import KeyFile
from tests import images, tiny
from tests.contract import archives, grpc_archives
from up.processes import MARK, marked
from up.settings import DEFAULT_PORTS

ROOT = Path(__file__).parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"
BACKENDS = ("torchserve", "ray")
READY_WITHIN_S = 240
# Above what Ray gives to its workers, below what it gives to replicas and systems to connections.
FIRST_PORT, PORTS_EACH, TEST_PROCESSES = 20_000, 300, 32


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("skin lesions")
    group.addoption("--model", type=Path, help="a checkpoint to serve instead of the tiny one")
    group.addoption("--torchserve", help="base URL of a TorchServe that is running already")
    group.addoption("--ray", help="base URL of a Ray Serve that is running already")


@pytest.fixture(scope="session")
def lesion_jpeg() -> bytes:
    return images.encoded(images.lesion(), "JPEG")


@pytest.fixture(scope="session")
def exported(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tiny.Exported:
    return tiny.export(tmp_path_factory.mktemp("exported"), request.config.getoption("--model"))


@pytest.fixture(scope="session")
def real_images() -> list[Path]:
    folder = REAL_DATA / "isic2019" / "ISIC_2019_Training_Input"
    if not folder.is_dir():
        pytest.skip(f"the real images are not at {folder}")
    return sorted(folder.glob("*.jpg"))


@dataclass(frozen=True, kw_only=True)
class System:
    """What `python -m up` started; `told` is what it told the person in front of it."""

    urls: dict[str, str]
    keys: dict[str, KeyFile]
    ports: dict[str, int]
    store: Path
    told: str
    mark: str
    temporary: Path


def own_place() -> int:
    """Of this process alone, while it lives, among its user's that run tests on this machine."""
    for place in range(TEST_PROCESSES):
        name = Path(tempfile.gettempdir(), f"skin_lesion_tests_{os.getuid()}_{place}")
        file = os.open(name, os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        else:
            return place  # the file stays open, and so locked
    raise AssertionError(f"more than {TEST_PROCESSES} processes run tests on this machine")


def own_ports() -> list[int]:
    first = FIRST_PORT + PORTS_EACH * own_place()
    return random.sample(range(first, first + PORTS_EACH), PORTS_EACH)


# In turn: one that was given away is not given again before something listens on it.
NEXT_PORTS = cycle(own_ports())


def free_ports(count: int) -> list[int]:
    """None that the system gives to connections and unnamed ports, nor one of another test
    process: it might be taken before a server here listens on it."""
    free = filter(is_free, islice(NEXT_PORTS, PORTS_EACH))
    found = list(islice(free, count))
    assert len(found) == count
    return found


def is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="session")
def system(exported: tiny.Exported, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All four servers on free ports; at the end Ctrl-C, after which nothing may be left."""
    folder = tmp_path_factory.mktemp("up")
    store = exported.archive.parent
    archives.fill(store)
    grpc_archives.write(store)
    ports = dict(zip(DEFAULT_PORTS, free_ports(len(DEFAULT_PORTS)), strict=True))
    environment = {
        **{name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"},
        **{name: str(port) for name, port in ports.items()},
        "SKIN_MODEL_STORE": str(store),
        "SKIN_ARCHIVE": exported.archive.name,
        "SKIN_MLFLOW_DATA": str(folder / "mlflow"),
        "SKIN_LOGS": str(folder / "logs"),
        # Both read it; the contract registers models of its own.
        "TS_ENABLE_MODEL_API": "true",
    }
    log = folder / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "up"], cwd=ROOT, env=environment, stderr=output
        )
    try:
        wait_until_up(process, log)
        started = psutil.Process(process.pid).children()[0].environ()
        running = System(
            urls={
                "torchserve": f"http://127.0.0.1:{ports['SKIN_TORCHSERVE_PORT']}",
                "ray": f"http://127.0.0.1:{ports['SKIN_RAY_PORT']}",
                "mlflow": f"http://127.0.0.1:{ports['SKIN_MLFLOW_PORT']}",
                "page": f"http://127.0.0.1:{ports['SKIN_PAGE_PORT']}",
            },
            keys=dict(zip(BACKENDS, (one.keys for one in backends_of(environment)), strict=True)),
            ports=ports,
            store=store,
            told=log.read_text(),
            mark=started[MARK],
            temporary=Path(started["TMPDIR"]),
        )
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 0, log.read_text()
    assert marked(running.mark) == []
    assert not running.temporary.exists()


def wait_until_up(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while "Ctrl-C ends" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.5)


@pytest.fixture(scope="session")
def backends(request: pytest.FixtureRequest) -> Iterator[dict[str, httpx.Client]]:
    """Both servers, by name: those named on the command line, else our own."""
    named = {name: request.config.getoption(f"--{name}") for name in BACKENDS}
    keys = dict(zip(BACKENDS, (one.keys for one in backends_of(os.environ)), strict=True))
    if not all(named.values()):
        system = request.getfixturevalue("system")
        named, keys = {name: system.urls[name] for name in BACKENDS}, system.keys
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(httpx.Client(base_url=url, auth=keys[name], timeout=60))
            for name, url in named.items()
        }


def backends_of(environment: Mapping[str, str]) -> tuple[Backend, ...]:
    """As the page finds them, in the order of BACKENDS."""
    return PageSettings.from_env(environment).backends


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, backends: dict[str, httpx.Client]) -> httpx.Client:
    return backends[request.param]
