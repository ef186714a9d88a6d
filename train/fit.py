"""The driver's part of a run: Ray, the progress bar and Ctrl-C."""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import ray
from ray import train as ray_train
from ray.train.torch import TorchTrainer
from tqdm import tqdm

from train.config import ConfigError
from train.loop import Job, train_loop
from train.progress import Position
from train.state import SCORE

log = logging.getLogger(__name__)

DRAW_EVERY_S = 0.5
ANSWERS_WITHIN_S = 10
# How often a run goes on from its newest checkpoint when a worker died.
MAX_FAILURES = 5
# A step's tensors are as large as the last one's: memory that is kept, in large pages, need not be
# asked of the system, and cleared by it, at each. A fifth less time a step on a CPU.
MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(2**33),
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**28),
    "THP_MEM_ALLOC_ENABLE": "1",
}
ROOT = Path(__file__).parents[1]


def connect(address: str | None) -> None:
    """To a cluster, which gets our packages, or to a Ray of our own on loopback."""
    quiet = {"log_to_driver": False, "logging_level": logging.WARNING}
    if address is None:
        # Known to these processes only, where Ray would write one into the home folder.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # Inherited by all that Ray starts here.
        os.environ.update(MEMORY)
        ray.init(address="local", include_dashboard=False, **quiet)
    else:
        ours = [str(ROOT / name) for name in ("handlers", "registry", "train")]
        check_answers(address)
        try:
            ray.init(address=address, runtime_env={"py_modules": ours, "env_vars": MEMORY}, **quiet)
        # Of what is no address, as one without a port; of what answers, but is no cluster.
        except (ValueError, ConnectionError) as error:
            raise no_cluster(address, error) from error


def check_answers(address: str) -> None:
    """Raises ConfigError at once where nothing listens: Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return
    try:
        # An IPv6 address is in brackets.
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        raise no_cluster(address, error) from error


def no_cluster(address: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"No Ray cluster answers at {address} ({error}): correct --ray-address, or leave it out to"
        " train on this machine alone."
    )


def room() -> tuple[str, int]:
    """What a worker takes one of, GPU or CPU, and how many there are."""
    resources = ray.cluster_resources()
    kind = "GPU" if resources.get("GPU", 0) else "CPU"
    return kind, int(resources.get(kind, 0))


def enough_for(workers: int) -> None:
    """Raises ConfigError for more workers than there is room for: Ray would wait for it, silent."""
    kind, there = room()
    if workers > there:
        raise ConfigError(
            f"{workers} workers need {workers} {kind}s, and there are {there}: lower --workers."
        )


def trainer_of(
    job: Job,
    folder: Path,
    loop: Callable[[], None],
    callbacks: Sequence[ray_train.UserCallback] = (),
) -> TorchTrainer:
    """Runs `loop` on the job's workers; its checkpoints lie in `folder`.

    What `loop` needs is bound to it and no setting of the trainer's: those are unpickled by Ray's
    controller too, which then would import all that a worker does.
    """
    return TorchTrainer(
        loop,
        scaling_config=ray_train.ScalingConfig(
            num_workers=job.config.workers, use_gpu=room()[0] == "GPU"
        ),
        run_config=ray_train.RunConfig(
            name=folder.name,
            storage_path=str(folder.parent.resolve()),
            failure_config=ray_train.FailureConfig(max_failures=MAX_FAILURES),
            checkpoint_config=ray_train.CheckpointConfig(
                # The newest is kept too, to go on from.
                num_to_keep=1,
                checkpoint_score_attribute=SCORE if len(job.parts.validation) else None,
            ),
            callbacks=list(callbacks),
        ),
    )


def fit(job: Job, folder: Path) -> tuple[Path, bool]:
    """The folder of the newest checkpoint, and whether the run was stopped before its end."""
    trainer = trainer_of(job, folder, partial(train_loop, job))
    outcome: list[ray_train.Result | Exception] = []

    def in_background() -> None:
        try:
            outcome.append(trainer.fit())
        except Exception as error:  # noqa: BLE001  # raised again, in the main thread
            outcome.append(error)

    # In the main thread Ray's own handler for Ctrl-C would end the run without a checkpoint.
    thread = threading.Thread(target=in_background, daemon=True)
    before = signal.signal(signal.SIGINT, lambda *_: ask_to_stop(job.line))
    try:
        thread.start()
        draw(job.line, thread, job.config.epochs)
    finally:
        signal.signal(signal.SIGINT, before)
    result = outcome[0]
    if isinstance(result, Exception):
        raise result
    assert result.checkpoint is not None
    # Only the checkpoint of a run that was asked to stop comes without numbers.
    return Path(result.checkpoint.path), "loss" not in (result.metrics or {})


def ask_to_stop(line: "ray.actor.ActorHandle") -> None:
    log.warning("stopping after this step; press Ctrl-C again to end at once")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    line.ask_to_stop.remote()


def draw(line: "ray.actor.ActorHandle", thread: threading.Thread, epochs: int) -> None:
    """One bar an epoch, with images a second and the time left, until the thread ends."""
    bars: dict[int, tqdm[NoReturn]] = {}
    alive = True
    while alive:
        thread.join(DRAW_EVERY_S)
        # Once more after the end, for what was reported last.
        alive = thread.is_alive()
        position: Position | None = ray.get(line.read.remote())
        if position is None:
            continue
        if position.epoch not in bars:
            for finished in bars.values():
                finished.close()
            title = f"epoch {position.epoch + 1}/{epochs}"
            bars[position.epoch] = tqdm(total=position.of_images, desc=title, unit="image")
        bar = bars[position.epoch]
        numbers = {"loss": position.loss, "best": position.best}
        known = {name: f"{number:.3f}" for name, number in numbers.items() if number is not None}
        bar.set_postfix(known, refresh=False)
        bar.update(position.images - bar.n)
    for finished in bars.values():
        finished.close()
