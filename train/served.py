"""What is exported: answers, and where in an image they come from, over its mirrored views."""

import torch
from timm.models import VisionTransformer

from train.halves import halves
from train.relevance import Relevance, chosen
from train.views import averaged, by_view, views_of


class Served(torch.nn.Module):
    """For inputs (n, 3, size, size), the first `views` views of each averaged."""

    relevance: torch.nn.Module

    def __init__(self, model: VisionTransformer, views: int) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.views = views
        self.halves = halves(model)
        self.relevance = Relevance(self.halves)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits (n, classes), the embedding (n, width) that the head makes them of, and the
        direction (n, channels) of the mean features that the last blocks start from."""
        return averaged(*self.halves.answer(self.hidden(inputs)), self.views)

    def explain(
        self, inputs: torch.Tensor, wanted: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Those, and the relevance (n, grid, grid) of each patch for the wanted outputs.

        `wanted` (n, classes) is 1 at these and else 0; a row of zeros means the top output.
        """
        hidden = self.hidden(inputs)
        joined = self.halves.joined(by_view(hidden, self.views))
        if len(joined) == self.views:
            logits, embedding, direction, relevance = self.relevance(joined, wanted)
        else:
            logits, embedding, direction = averaged(*self.halves.answer(hidden), self.views)
            *_, relevance = self.relevance(joined, chosen(wanted, logits))
        return logits, embedding, direction, relevance

    def hidden(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.halves.early(view) for view in views_of(inputs, self.views)])
