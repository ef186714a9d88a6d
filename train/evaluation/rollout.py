"""Attention rollout (Abnar and Zuidema, arXiv:2005.00928): what a better map has to beat."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from timm.models import VisionTransformer

from train.views import by_view, upright, views_of


def rollout(model: VisionTransformer, pictures: torch.Tensor, views: int) -> torch.Tensor:
    """How much of each patch flows into the answer (n, grid, grid), whatever the answer is.

    Averaged over the views, in which the pictures (n, 3, size, size) are mirrored.
    """
    with attentions(model) as found:
        model(torch.cat(views_of(pictures, views)))
    tokens = found[0].shape[-1]
    own = torch.eye(tokens, device=pictures.device)
    flow = own
    for attention in found:
        # Half of a token goes by the attention, half by the residual connection.
        flow = (attention.mean(dim=1) + own) / 2 @ flow
    first = model.num_prefix_tokens
    # The class token comes before all others.
    into = flow[:, 0] if model.global_pool == "token" else flow[:, first:].mean(dim=1)
    patches = into[:, first:].unflatten(1, model.patch_embed.grid_size)
    return upright(by_view(patches, views))


@contextmanager
def attentions(model: VisionTransformer) -> Iterator[list[torch.Tensor]]:
    """Fills a list with each block's attention (n, heads, tokens, tokens) while the model runs."""
    found: list[torch.Tensor] = []
    hooks = []
    for name, module in model.blocks.named_modules():
        if hasattr(module, "fused_attn"):
            # Fused, attention is never a tensor.
            module.fused_attn = False
        if name.endswith("attn_drop"):
            hooks.append(module.register_forward_hook(lambda _, __, output: found.append(output)))
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
