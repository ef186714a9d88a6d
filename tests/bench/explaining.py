"""What a relevance map costs, of one picture, in one run: explain's time as a share of forward's,
and of the exported model (make model) a whole answer's with it as a share of one's without.

python -m tests.bench.explaining
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from handlers.classifier import LesionClassifier
from handlers.request import Request
from tests.bench.core import classifier
from tests.images import encoded, lesion
from train import checkpoint
from train.judged import Judged
from train.models import build
from train.origin import ROOT
from train.pth_to_pt import traced
from train.served import Served

CHECKPOINT = ROOT / "model_store" / "best_model.pth"
PLAIN = "vit_tiny_patch16_224"
CLASSES = 8
# As ISIC's.
SIZE = (600, 450)
ROUNDS = 60
WARM_UP = 10


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


@torch.inference_mode()
def ratio(module: Judged, size: int) -> float:
    graph = traced(module.eval(), size)
    picture, wanted = torch.rand(1, 3, size, size), torch.zeros(1, module.served.model.num_classes)
    return compared(lambda: graph.explain(picture, wanted), lambda: graph(picture))


def ratio_of_answers(core: LesionClassifier) -> float:
    plain = Request(body=encoded(lesion().resize(SIZE), "JPEG"))
    explained = replace(plain, explain=True)
    return compared(lambda: core.answer([explained]), lambda: core.answer([plain]))


def compared(first: Callable[[], object], second: Callable[[], object]) -> float:
    """The first's median as a share of the second's; the two take turns."""
    times = [(seconds(first), seconds(second)) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    one = statistics.median(pair[0] for pair in times)
    return one / statistics.median(pair[1] for pair in times)


def modules(file: Path) -> dict[str, tuple[Judged, int]]:
    ours = checkpoint.read(file)
    known = None if ours.fitted is None else ours.fitted.known
    return {
        ours.architecture: (Judged(Served(ours.model(), ours.views), known), ours.image_size),
        PLAIN: (Judged(Served(build(PLAIN, CLASSES), views=1), None), 224),
    }


def main() -> None:
    core = classifier()
    for threads in (1, torch.get_num_threads()):
        torch.set_num_threads(threads)
        for name, (module, size) in modules(CHECKPOINT).items():
            print(f"{name}, {threads} threads: {ratio(module, size):.2f} of a forward pass")  # noqa: T201
        print(f"{threads} threads: {ratio_of_answers(core):.2f} of a whole answer")  # noqa: T201


if __name__ == "__main__":
    main()
