"""An answer from several mirrored views of one image: a lesion has no top and no left."""

import torch

# Axes of (n, 3, height, width) that are mirrored, in the order in which views are added.
MIRRORED = ((), (2, 3), (2,), (3,))


class Averaged(torch.nn.Module):
    """Logits (n, classes) whose softmax is the mean softmax over the first `views` views.

    Runs on channels-last memory, which is faster for convolutions on a CPU.
    """

    def __init__(self, model: torch.nn.Module, views: int) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.views = views

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.views == 1:
            return self.logits(inputs)
        shares = [
            self.logits(inputs.flip(axes) if axes else inputs).log_softmax(dim=1)
            for axes in MIRRORED[: self.views]
        ]
        return torch.stack(shares).logsumexp(dim=0)

    def logits(self, inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(inputs.contiguous(memory_format=torch.channels_last))
        return logits
