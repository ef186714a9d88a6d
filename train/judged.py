"""The graph that is exported: answers with how far from all that is known their images lie."""

import torch

from train.doubt.distance import Distance, Nowhere
from train.doubt.fitted import EMBEDDING, Known
from train.served import Served


class Judged(torch.nn.Module):
    """For inputs (n, 3, size, size); without `known` every distance is 0."""

    def __init__(self, served: Served, known: Known | None) -> None:
        super().__init__()
        self.served = served
        self.distance = Nowhere() if known is None else Distance(known)
        self.by_embedding = known is not None and known.of == EMBEDDING

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, classes) and distances (n,)."""
        logits, embedding, direction = self.served(inputs)
        return logits, self.distance(embedding if self.by_embedding else direction)

    def explain(
        self, inputs: torch.Tensor, wanted: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Those and the relevance (n, grid, grid) of each patch, as Served gives it."""
        logits, embedding, direction, relevance = self.served.explain(inputs, wanted)
        return logits, self.distance(embedding if self.by_embedding else direction), relevance
