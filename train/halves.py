"""A Vision Transformer in two halves, early and late; relevance is taken where they meet."""

import torch
from timm.models import VisionTransformer

from train.lite2 import Lite2
from train.views import upright

# Of a plain ViT's blocks; with more, an explanation costs over 1.5 times an answer.
LATE_SHARE = 0.25
# Of the joined views. Of 0.5 to 1, by deleting what a map shows in 201 validation images, 0.7 to
# 0.85 was the most faithful.
CONTRAST = 0.8


class Halves(torch.nn.Module):
    """Parted before the last quarter of the blocks: they meet in tokens (n, tokens, width)."""

    def __init__(self, model: VisionTransformer, late_share: float = LATE_SHARE) -> None:
        super().__init__()
        self.model = model
        self.grid = model.patch_embed.grid_size
        self.first = len(model.blocks) - max(1, round(len(model.blocks) * late_share))
        for block in (*model.blocks[self.first :], model.attn_pool):
            # Fused, its gradient is another operator on each device.
            for module in block.modules() if block else ():
                if hasattr(module, "fused_attn"):
                    module.fused_attn = False

    def early(self, pictures: torch.Tensor) -> torch.Tensor:
        tokens = embedded(self.model, self.model.patch_embed(pictures))
        hidden: torch.Tensor = self.model.blocks[: self.first](tokens)
        return hidden

    def answer(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits (n, classes), the embedding (n, width) that the head makes them of, and the mean
        (n, channels) over the image of the features that the last blocks start from."""
        features = self.features(hidden)
        tokens = self.model.norm(self.late(features))
        return (
            self.model.forward_head(tokens),
            self.model.forward_head(tokens, pre_logits=True),
            self.places(features).mean(dim=(2, 3)),
        )

    def features(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden

    def late(self, features: torch.Tensor) -> torch.Tensor:
        """The last block's tokens."""
        tokens: torch.Tensor = self.model.blocks[self.first :](features)
        return tokens

    def places(self, hidden: torch.Tensor) -> torch.Tensor:
        """Hidden values as (n, channels, height, width), without those that have no place."""
        patches = hidden[:, self.model.num_prefix_tokens :].transpose(1, 2)
        placed: torch.Tensor = patches.unflatten(2, self.grid)
        return placed

    def joined(self, views: torch.Tensor) -> torch.Tensor:
        """The hidden values (views, n, …) by which relevance is taken: each view's own."""
        return views


class InLite2(Halves):
    """Parted within the embedding: they meet in features (n, 208, grid, grid).

    Its last tokens have seen too much of the image to tell where their values come from.
    """

    def early(self, pictures: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.model.patch_embed.backbone.early(pictures)
        return hidden

    def features(self, hidden: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.model.patch_embed.backbone.late(hidden)
        return found

    def late(self, features: torch.Tensor) -> torch.Tensor:
        patches = self.model.patch_embed.proj(features).flatten(2).transpose(1, 2)
        return super().late(embedded(self.model, patches))

    def places(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden

    def joined(self, views: torch.Tensor) -> torch.Tensor:
        """The views' mean (1, n, …), somewhat paler, where gradients tell most; tokens have no
        such mean, as they hold their position."""
        if len(views) == 1:
            return views
        mean = upright(views).unsqueeze(0)
        even = mean.mean(dim=(-2, -1), keepdim=True)
        return even + CONTRAST * (mean - even)


def halves(model: VisionTransformer) -> Halves:
    has_lite2 = isinstance(getattr(model.patch_embed, "backbone", None), Lite2)
    return InLite2(model, late_share=1) if has_lite2 else Halves(model)


def embedded(model: VisionTransformer, patches: torch.Tensor) -> torch.Tensor:
    tokens: torch.Tensor = model.norm_pre(model.patch_drop(model._pos_embed(patches)))
    return tokens
