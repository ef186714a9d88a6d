"""Faithfulness: what is deleted, and that a map of what counts beats one of what does not."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from handlers.classifier import LesionClassifier
from tests import tiny
from train.evaluation.faithfulness import faithfulness, falls, without
from train.evaluation.rollout import rollout

SIDE = 32
# Row and column, of 4 by 4 patches, where the classifier below looks.
SEEN = ((1, 2), (2, 0), (3, 3))


class Looking(torch.nn.Module):
    """Its first output is how bright the seen patches are; its map shows these, or all others."""

    def __init__(self, shows: float) -> None:
        super().__init__()
        seen = torch.zeros(4, 4)
        for place in SEEN:
            seen[place] = 1.0
        self.seen = seen
        self.shows = shows

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        patches = torch.nn.functional.avg_pool2d(pictures.mean(dim=1), SIDE // 4)
        bright = (patches * self.seen).sum(dim=(1, 2))
        return torch.nn.functional.one_hot(torch.tensor([0]), 8) * bright[:, None], bright

    def explain(
        self, pictures: torch.Tensor, _: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return *self(pictures), self.shows * self.seen.expand(len(pictures), 4, 4)


def classifier(shows: float) -> LesionClassifier:
    model = Looking(shows)
    return LesionClassifier(model, tiny.config(image_size=SIDE), "cpu")  # type: ignore[arg-type]


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Three images that are bright where the classifier looks, and one that is none."""
    for number in range(3):
        values = np.full((SIDE, SIDE, 3), 60 + 10 * number, np.uint8)
        for row, column in SEEN:
            values[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 240
        Image.fromarray(values).save(tmp_path / f"{number}.png")
    (tmp_path / "3.png").write_bytes(b"none")
    return sorted(tmp_path.iterdir())


def test_a_fifth_of_the_patches_takes_on_the_mean_colour() -> None:
    pictures = torch.rand(2, 3, SIDE, SIDE)
    scores = torch.zeros(2, 4, 4)
    for place in SEEN:
        scores[0][place] = 1.0

    deleted = without(pictures, scores)

    changed = (deleted != pictures).any(dim=1).float()
    patches = torch.nn.functional.avg_pool2d(changed, SIDE // 4)
    assert patches[0].nonzero().tolist() == [list(place) for place in SEEN]
    assert patches.sum(dim=(1, 2)).tolist() == [3, 3]
    row, column = SEEN[0]
    one = deleted[0, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
    mean = pictures[0].mean(dim=(1, 2))
    torch.testing.assert_close(one, mean[:, None, None].expand_as(one))


@pytest.mark.parametrize(("shows", "better"), [(1.0, 1.0), (-1.0, 0.0)])
def test_a_map_of_what_counts_beats_random_ones(
    paths: list[Path], shows: float, better: float
) -> None:
    found = faithfulness(falls(classifier(shows), None, paths))

    assert found["images"] == 3
    assert found["better_than_random"] == better
    assert found["better_than_rollout"] is None
    assert found["mean_drop_rollout"] is None
    assert found["deleted"] == 0.2


def test_it_is_compared_with_rollout(paths: list[Path]) -> None:
    even = torch.arange(16.0).reshape(1, 4, 4)

    flow = falls(classifier(1.0), lambda pictures: even.expand(len(pictures), 4, 4), paths)
    found = faithfulness(flow)

    assert found["better_than_rollout"] == 1.0
    assert found["mean_drop"] > found["mean_drop_rollout"]  # type: ignore[operator]


def test_the_same_images_give_the_same_numbers(paths: list[Path]) -> None:
    first, second = (falls(classifier(-1.0), None, paths) for _ in range(2))

    torch.testing.assert_close(first, second, rtol=0, atol=0, equal_nan=True)


def test_rollout_follows_attention() -> None:
    """In one block whose queries and keys are nothing, each token attends to all alike."""
    model = tiny.checkpoint().model()
    for block in model.blocks:
        torch.nn.init.zeros_(block.attn.qkv.weight)
        torch.nn.init.zeros_(block.attn.qkv.bias)

    flow = rollout(model, torch.randn(2, 3, 160, 160), views=2)

    depth, tokens = len(model.blocks), 101
    # What did not stay where it was is spread evenly over all tokens.
    expected = torch.full((2, 10, 10), (1 - 0.5**depth) / tokens)
    torch.testing.assert_close(flow, expected)


def test_rollout_is_mirrored_with_the_image() -> None:
    model = tiny.checkpoint().model()
    pictures = torch.randn(1, 3, 160, 160)

    with torch.inference_mode():
        straight = rollout(model, pictures, views=2)
        turned = rollout(model, pictures.flip((2, 3)), views=2)

    torch.testing.assert_close(turned.flip((1, 2)), straight)
    assert (turned - straight).abs().max() > 1e-6
