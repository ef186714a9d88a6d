"""The relevance of places for an answer: what would change were a place like the others."""

import torch
from torch.fx.experimental.dynamic_spec import ParamsSpec, ShapesSpec, ShapeVar, TensorSpec
from torch.fx.experimental.proxy_tensor import make_fx

from train.halves import Halves
from train.views import averaged, by_view, upright

# Added to a logit, it leaves nothing of it in a softmax, or nothing else.
FAR = 1e4


class Relevance(torch.nn.Module):
    """Of hidden values (views, n, …)."""

    def __init__(self, halves: Halves) -> None:
        super().__init__()
        self.halves = halves

    def forward(
        self, hidden: torch.Tensor, wanted: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits (n, classes), embedding (n, width), direction (n, channels), relevance (n, grid,
        grid).

        For the log-odds of the outputs where `wanted` (n, classes) is 1, of the top one in a row
        of zeros: their gradient by the hidden values of a place, times these values' difference
        from their mean over the image.
        """
        views = len(hidden)
        # Also where the caller wants no gradients.
        with torch.inference_mode(False), torch.enable_grad():
            rows = hidden.flatten(0, 1).clone().requires_grad_()
            each, embedding, features = self.halves.answer(rows)
            logits, embedding, direction = averaged(each, embedding, features, views)
            odds = log_odds(each, chosen(wanted, logits).repeat(views, 1))
            (gradient,) = torch.autograd.grad(odds.sum(), rows)
        values = self.halves.places(rows.detach())
        change = values - values.mean(dim=(2, 3), keepdim=True)
        relevance = (self.halves.places(gradient) * change).sum(dim=1)
        return (
            logits.detach(),
            embedding.detach(),
            direction.detach(),
            upright(by_view(relevance, views)),
        )


def chosen(wanted: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """`wanted`, but the top output in a row of zeros."""
    top = torch.zeros_like(wanted).scatter(1, logits.argmax(dim=1, keepdim=True), 1.0)
    return torch.where(wanted.any(dim=1, keepdim=True), wanted, top)


def log_odds(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """log(p / (1 - p)), p the share of the wanted outputs: never saturated, as log p is."""
    others = logits - FAR * wanted
    return (logits - FAR * (1 - wanted)).logsumexp(dim=-1) - others.logsumexp(dim=-1)


def unrolled(halves: Halves, hidden: torch.Tensor, wanted: torch.Tensor) -> torch.jit.ScriptModule:
    """Relevance as operations of TorchScript without autograd, for any number of images.

    `hidden` and `wanted` are of some images.
    """
    count = ShapeVar("count", min=1)
    shapes = ParamsSpec(
        {
            "hidden": TensorSpec([hidden.shape[0], count, *hidden.shape[2:]]),
            "wanted": TensorSpec([count, *wanted.shape[1:]]),
        }
    )
    trace = make_fx(
        Relevance(halves),
        tracing_mode="fake",
        # The weights are no inputs.
        _allow_non_fake_inputs=True,
        dynamic_shapes=ShapesSpec(shapes),
    )
    operations = trace(hidden, wanted)
    for node in operations.graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload):
            # TorchScript finds an operator's overload by itself.
            node.target = node.target.overloadpacket
    operations.recompile()
    script: torch.jit.ScriptModule = torch.jit.script(operations)
    return script
