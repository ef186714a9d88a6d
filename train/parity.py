"""The parity check: both real servers give a model's own probabilities, and so each other's."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from handlers.classifier import LesionClassifier
from train.evaluation.predictions import of_classifier, of_url
from train.origin import ROOT

TOLERANCE = 1e-6
IMAGES = 20
READY_WITHIN_S = 240
READY = "Ctrl-C ends"
PREDICTIONS = "/predictions/skin_vit"
TORCHSERVE, RAY = "SKIN_TORCHSERVE_PORT", "SKIN_RAY_PORT"
# Every port that `python -m up` opens.
PORTS = (
    TORCHSERVE,
    "SKIN_TORCHSERVE_MANAGEMENT_PORT",
    "SKIN_TORCHSERVE_METRICS_PORT",
    "SKIN_TORCHSERVE_GRPC_PORT",
    "SKIN_TORCHSERVE_GRPC_MANAGEMENT_PORT",
    RAY,
    "SKIN_RAY_GRPC_PORT",
    "SKIN_MLFLOW_PORT",
    "SKIN_PAGE_PORT",
)
LOOPBACK = "127.0.0.1"
LOGS = ROOT / "logs" / "parity"


class ParityError(Exception):
    """The backends could not be compared; the text says where to look."""


def largest_difference(model: Path, config: Path, paths: list[Path]) -> float:
    """Of a probability, between any two of TorchServe, Ray Serve and the core, over the images.

    Raises ParityError if the archive can't be built or a server does not start.
    """
    paths = spread(paths)
    classifier = LesionClassifier.load(model, config)
    answers = [one_by_one(partial(of_classifier, classifier), paths)]
    with tempfile.TemporaryDirectory() as folder:
        archive = built(model, config, Path(folder))
        with (
            kept_if_it_fails(LOGS) as logs,
            servers(environment(model, config, archive, Path(folder), logs)) as ports,
        ):
            urls = [f"http://{LOOPBACK}:{ports[one]}{PREDICTIONS}" for one in (TORCHSERVE, RAY)]
            answers += [one_by_one(partial(of_url, url), paths) for url in urls]
    return disagreement(answers)


def disagreement(answers: list[np.ndarray]) -> float:
    """The largest difference between any two of several (n, 9); NaN if any has a NaN."""
    return float(np.ptp(np.stack(answers), axis=0).max())


def one_by_one(predict: Callable[[list[Path]], np.ndarray], paths: list[Path]) -> np.ndarray:
    """(n, 9): batches of other sizes are added up in another order, which is no disagreement."""
    return np.concatenate([predict([path]) for path in paths])


def spread(paths: list[Path]) -> list[Path]:
    """At most 20 of them, evenly."""
    count = min(IMAGES, len(paths))
    return [paths[place * len(paths) // count] for place in range(count)]


def built(model: Path, config: Path, folder: Path) -> Path:
    files = ["--model", str(model), "--config", str(config), "--export-path", str(folder)]
    run = subprocess.run(
        [sys.executable, "-m", "mar_config.build", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise ParityError(f"The archive can't be built: {last_line(run.stderr)}")
    return Path(last_line(run.stderr))


@contextmanager
def kept_if_it_fails(parent: Path) -> Iterator[Path]:
    """A new folder below: of several checks at once, none writes over another's logs."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent))
    yield folder
    shutil.rmtree(folder)


def environment(
    model: Path,
    config: Path,
    archive: Path,
    folder: Path,
    logs: Path,
    env: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The servers' settings: on loopback, on ports that are free, with a Ray of their own."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    return {
        **{name: value for name, value in env.items() if name != "RAY_ADDRESS"},
        **{name: str(port) for name, port in ports.items()},
        "SKIN_HOST": LOOPBACK,
        "SKIN_MODEL": str(model),
        "SKIN_MODEL_CONFIG": str(config),
        "SKIN_MODEL_STORE": str(archive.parent),
        "SKIN_ARCHIVE": archive.name,
        "SKIN_MLFLOW_DATA": str(folder / "mlflow"),
        "SKIN_LOGS": str(logs),
        # On loopback, on ports nobody knows, and gone in a minute.
        "TS_DISABLE_TOKEN_AUTHORIZATION": "true",
        # `up` opens the page, which nobody wants to see now.
        "BROWSER": "true",
    }


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def servers(env: dict[str, str]) -> Iterator[dict[str, str]]:
    """`python -m up` until the end of the block; gives back the environment it was started in."""
    log = Path(env["SKIN_LOGS"], "up.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "up"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stderr=output,
            # A Ctrl-C in the terminal is passed on below; twice, it would cut the ending short.
            start_new_session=True,
        )
    try:
        wait_until_ready(process, log)
        yield env
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while READY not in log.read_text():
        if process.poll() is not None:
            raise ParityError(f"The servers did not start: {last_line(log.read_text())}")
        if time.monotonic() > deadline:
            raise ParityError(f"The servers were not ready in time: see {log.parent}.")
        time.sleep(0.5)


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["they said nothing."])[-1]
