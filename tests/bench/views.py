"""What mirrored views cost: an answer's time as a share of one view's, for one picture and for a
batch, in one run.

python -m tests.bench.views
"""

import statistics
from functools import partial

import torch

from tests.bench.explaining import CHECKPOINT, WARM_UP, seconds
from train import checkpoint
from train.judged import Judged
from train.pth_to_pt import traced
from train.served import Served

VIEWS = (1, 2, 4)
BATCHES = (1, 8)
ROUNDS = 30


def graphs() -> tuple[dict[int, torch.jit.ScriptModule], int]:
    """By their views, and the side of their pictures in pixels."""
    source = checkpoint.read(CHECKPOINT)
    size = source.image_size
    made = {views: Judged(Served(source.model(), views), None).eval() for views in VIEWS}
    return {views: traced(module, size) for views, module in made.items()}, size


@torch.inference_mode()
def ratios(graphs: dict[int, torch.jit.ScriptModule], pictures: torch.Tensor) -> dict[int, float]:
    """Of the medians; the graphs take turns."""
    taken: dict[int, list[float]] = {views: [] for views in graphs}
    for _ in range(WARM_UP + ROUNDS):
        for views, graph in graphs.items():
            taken[views].append(seconds(partial(graph, pictures)))
    medians = {views: statistics.median(times[WARM_UP:]) for views, times in taken.items()}
    return {views: median / medians[1] for views, median in medians.items()}


def main() -> None:
    made, size = graphs()
    for batch in BATCHES:
        for views, ratio in ratios(made, torch.rand(batch, 3, size, size)).items():
            print(f"{views} views, batches of {batch}: {ratio:.2f} of one view")  # noqa: T201


if __name__ == "__main__":
    main()
