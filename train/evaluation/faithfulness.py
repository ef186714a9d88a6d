"""Whether a relevance map shows what an answer rests on: what deleting its top patches changes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch.nn.functional import interpolate
from tqdm import tqdm

from handlers.classifier import LesionClassifier
from handlers.errors import Fault
from handlers.request import Request
from handlers.temperature import shares

BATCH = 16
DELETED = 0.2
# Of random patches, whose mean is one image's.
DRAWS = 5
Faithfulness = dict[str, float | int | None]
Map = Callable[[torch.Tensor], torch.Tensor]


@torch.inference_mode()
def falls(classifier: LesionClassifier, rollout: Map | None, paths: list[Path]) -> torch.Tensor:
    """(3, n): how far the top output's probability falls without the top patches of a map.

    By the model's own map, by random ones (their mean) and by `rollout`, pictures
    (n, 3, size, size) -> (n, grid, grid); NaN without it. Images that can't be read are left out.
    """
    generator = torch.Generator().manual_seed(0)
    found = [
        falls_of(classifier, pictures, rollout, generator)
        for pictures in batches(classifier, paths)
    ]
    return torch.cat([torch.empty(3, 0), *found], dim=1)


def faithfulness(found: torch.Tensor) -> Faithfulness:
    """Of all models' falls (3, n)."""
    own, random, rolled = found
    compared = not rolled.isnan().any()
    return {
        "images": len(own),
        "better_than_random": (own > random).double().mean().item(),
        "better_than_rollout": (own > rolled).double().mean().item() if compared else None,
        "mean_drop": own.mean().item(),
        "mean_drop_random": random.mean().item(),
        "mean_drop_rollout": rolled.mean().item() if compared else None,
        "deleted": DELETED,
    }


def batches(classifier: LesionClassifier, paths: list[Path]) -> Iterator[torch.Tensor]:
    for start in tqdm(range(0, len(paths), BATCH), desc="faithfulness", leave=False, disable=None):
        inputs = []
        for path in paths[start : start + BATCH]:
            try:
                inputs.append(classifier.preprocess(Request(body=path.read_bytes())).input)
            except Fault:
                continue
        if inputs:
            yield torch.stack(inputs).to(classifier.device)


def falls_of(
    classifier: LesionClassifier,
    pictures: torch.Tensor,
    rollout: Map | None,
    generator: torch.Generator,
) -> torch.Tensor:
    """Of one batch."""
    wanted = torch.zeros(len(pictures), len(classifier.config.classes), device=pictures.device)
    logits, _, relevance = classifier.model.explain(pictures, wanted)
    top = logits.argmax(dim=1, keepdim=True)

    config = classifier.config

    def share(logits: torch.Tensor) -> torch.Tensor:
        all_shares = shares(logits, config.temperature, config.temperature_by_pair)
        return all_shares.gather(1, top).squeeze(1)

    def fall(scores: torch.Tensor) -> torch.Tensor:
        return share(logits) - share(classifier.model(without(pictures, scores))[0])

    draws = [torch.rand(relevance.shape, generator=generator) for _ in range(DRAWS)]
    random = torch.stack([fall(draw.to(pictures.device)) for draw in draws]).mean(dim=0)
    rolled = fall(rollout(pictures)) if rollout else torch.full_like(random, torch.nan)
    return torch.stack([fall(relevance), random, rolled]).cpu()


def without(pictures: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """Pictures (n, 3, size, size) whose patches of the highest scores (n, grid, grid) show
    nothing but the picture's mean colour: a fifth of the patches, at least one."""
    flat = scores.flatten(1)
    count = max(1, round(DELETED * flat.shape[1]))
    highest = torch.zeros_like(flat).scatter(1, flat.topk(count, dim=1).indices, 1.0)
    grid = highest.reshape(scores.shape).unsqueeze(1)
    hidden = interpolate(grid, size=pictures.shape[-2:], mode="nearest").bool()
    return torch.where(hidden, pictures.mean(dim=(2, 3), keepdim=True), pictures)
