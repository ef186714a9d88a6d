"""What a relevance map costs: explain's time as a share of forward's, of one picture, in one run.

python -m tests.bench.explaining
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from train import checkpoint
from train.judged import Judged
from train.models import build
from train.origin import ROOT
from train.pth_to_pt import traced
from train.served import Served

CHECKPOINT = ROOT / "model_store" / "best_model.pth"
PLAIN = "vit_tiny_patch16_224"
CLASSES = 8
ROUNDS = 60
WARM_UP = 10


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


@torch.inference_mode()
def ratio(module: Judged, size: int) -> float:
    """Of the medians; the two take turns."""
    graph = traced(module.eval(), size)
    picture, wanted = torch.rand(1, 3, size, size), torch.zeros(1, module.served.model.num_classes)
    forward, explain = [], []
    for _ in range(WARM_UP + ROUNDS):
        forward.append(seconds(lambda: graph(picture)))
        explain.append(seconds(lambda: graph.explain(picture, wanted)))
    return statistics.median(explain[WARM_UP:]) / statistics.median(forward[WARM_UP:])


def modules(file: Path) -> dict[str, tuple[Judged, int]]:
    ours = checkpoint.read(file)
    known = None if ours.fitted is None else ours.fitted.known
    return {
        ours.architecture: (Judged(Served(ours.model(), ours.views), known), ours.image_size),
        PLAIN: (Judged(Served(build(PLAIN, CLASSES), views=1), None), 224),
    }


def main() -> None:
    for threads in (1, torch.get_num_threads()):
        torch.set_num_threads(threads)
        for name, (module, size) in modules(CHECKPOINT).items():
            print(f"{name}, {threads} threads: {ratio(module, size):.2f} of a forward pass")  # noqa: T201


if __name__ == "__main__":
    main()
