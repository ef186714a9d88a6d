"""The line between the driver and rank 0: progress comes out, the wish to stop goes in."""

import time
from dataclasses import dataclass

import ray

ASK_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Position:
    """`best` is the best balanced accuracy so far, None before any epoch was validated."""

    epoch: int
    images: int
    of_images: int
    loss: float
    best: float | None


@ray.remote(num_cpus=0)
class Line:
    """A Ray actor, so that it reaches a worker on any machine of a cluster."""

    def __init__(self) -> None:
        self.position: Position | None = None
        self.stop = False

    def report(self, position: Position) -> bool:
        """Returns whether the run should stop."""
        self.position = position
        return self.stop

    def read(self) -> Position | None:
        return self.position

    def ask_to_stop(self) -> None:
        self.stop = True


class Reporter:
    """Rank 0's end; asks at an epoch's end and else at most twice a second, to slow no step."""

    def __init__(self, line: "ray.actor.ActorHandle") -> None:
        self.line = line
        self.asked_at = 0.0
        self.stop = False

    def report(self, position: Position) -> bool:
        epoch_is_done = position.images == position.of_images
        if epoch_is_done or time.monotonic() - self.asked_at >= ASK_EVERY_S:
            self.stop = ray.get(self.line.report.remote(position))
            self.asked_at = time.monotonic()
        return self.stop
