"""Several mirrored views of one image: a lesion has no top and no left."""

import torch
from torch.nn.functional import normalize

# Axes of (…, height, width) that are mirrored, in the order in which views are added.
MIRRORED = ((), (-2, -1), (-2,), (-1,))


def views_of(pictures: torch.Tensor, views: int) -> list[torch.Tensor]:
    """The first `views` views of pictures (n, 3, height, width).

    On channels-last memory, which is faster for convolutions on a CPU.
    """
    return [
        mirrored(pictures, axes).contiguous(memory_format=torch.channels_last)
        for axes in MIRRORED[:views]
    ]


def by_view(rows: torch.Tensor, views: int) -> torch.Tensor:
    """(views * n, …), all images' first view before their second, as (views, n, …)."""
    parted: torch.Tensor = rows.unflatten(0, (views, -1))
    return parted


def upright(maps: torch.Tensor) -> torch.Tensor:
    """The mean (n, …, height, width) of (views, n, …, height, width), mirrored back."""
    turned = [mirrored(one, axes) for one, axes in zip(maps, MIRRORED, strict=False)]
    return torch.stack(turned).mean(dim=0)


def averaged(
    logits: torch.Tensor, embedding: torch.Tensor, features: torch.Tensor, views: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of all views' logits (views * n, classes) those (n, classes) whose softmax is the mean of
    theirs, of their embeddings (views * n, width) the mean, and of their features (views * n,
    channels) the direction of the mean."""
    each = by_view(logits, views)
    together = each[0] if views == 1 else each.log_softmax(dim=-1).logsumexp(dim=0)
    mean = by_view(features, views).mean(dim=0)
    return together, by_view(embedding, views).mean(dim=0), normalize(mean)


def mirrored(pictures: torch.Tensor, axes: tuple[int, ...]) -> torch.Tensor:
    return pictures.flip(axes) if axes else pictures
