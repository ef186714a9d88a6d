"""Relevance: it is where an answer comes from, and each answer's own."""

import pytest
import torch

from tests.unit.test_served import CLASSES, vit
from train.relevance import chosen, log_odds
from train.served import Served

# Row and column of what speaks for the first and for the second output.
PLACES = ((0, 1), (3, 2))
POOLS: dict[str, dict[str, object]] = {
    "class token": {},
    "average": {"class_token": False, "global_pool": "avg"},
    "registers": {"reg_tokens": 3},
    "registers alone": {"reg_tokens": 3, "class_token": False, "global_pool": "avg"},
    "patches of 14": {"patch_size": 14, "img_size": 56},
}


def planted(side: int) -> list[torch.Tensor]:
    """An image of one pattern everywhere, and two that have another at one of the places; a patch
    has `side` pixels a side."""
    generator = torch.Generator().manual_seed(1)
    patches = torch.randn(3, 3, side, side, generator=generator)
    # The same when mirrored, so that each view holds the same patterns.
    patches = patches + patches.flip(2) + patches.flip(3) + patches.flip((2, 3))
    everywhere = patches[:1].tile(1, 1, 4, 4) / 2
    images = [everywhere]
    for (row, column), patch in zip(PLACES, patches[1:] / 2, strict=True):
        image = everywhere.clone()
        image[0, :, row * side :, column * side :][:, :side, :side] = patch
        images.append(image)
    return images


def looking(kind: dict[str, object], views: int) -> tuple[Served, torch.Tensor]:
    """A model whose first two outputs each look for one pattern, and an image with both.

    Without positions, as these too tell one place from the others.
    """
    module = Served(vit(depth=1, pos_embed="none", **kind), views).eval()
    even, *alone = planted(module.model.patch_embed.patch_size[0])
    with torch.no_grad():
        effects = torch.cat([module(image)[1] - module(even)[1] for image in alone])
        module.model.head.weight.zero_()
        # The first answers 1 to the first pattern and 0 to the second, and the other way round.
        module.model.head.weight[:2] = torch.linalg.pinv(effects).T
    return module, alone[0] + alone[1] - even


@pytest.mark.parametrize("views", [1, 2, 4])
@pytest.mark.parametrize("kind", POOLS.values(), ids=POOLS)
def test_each_output_is_explained_by_what_speaks_for_it(
    kind: dict[str, object], views: int
) -> None:
    module, image = looking(kind, views)

    *_, maps = module.explain(image.expand(2, -1, -1, -1), torch.eye(2, CLASSES))

    assert [divmod(int(one.argmax()), 4) for one in maps] == list(PLACES)


def test_an_image_without_change_has_no_place_that_matters() -> None:
    module, _ = looking(POOLS["average"], 1)

    *_, maps = module.explain(planted(16)[0], torch.eye(1, CLASSES))

    assert maps.abs().max() < 1e-6


def test_a_mirrored_image_has_a_mirrored_map() -> None:
    module = Served(vit(), 4).eval()
    image, wanted = torch.randn(1, 3, 64, 64), torch.eye(1, CLASSES)

    for axes in (1, 2), (1,), (2,):
        *_, straight = module.explain(image, wanted)
        *_, mirrored = module.explain(image.flip([axis + 1 for axis in axes]), wanted)

        torch.testing.assert_close(mirrored.flip(axes), straight, rtol=0, atol=1e-5)
        assert (mirrored - straight).abs().max() > 1e-4


def test_a_row_of_zeros_wants_the_top_output_of_the_averaged_answer() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]])
    wanted = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]])

    rows = chosen(wanted, logits)

    assert rows.tolist() == [[0, 1, 0], [1, 0, 1]]


def test_log_odds_are_those_of_all_wanted_outputs_together() -> None:
    shares = torch.tensor([[0.1, 0.2, 0.7]])
    wanted = torch.tensor([[1.0, 0.0, 1.0]])

    odds = log_odds(shares.log(), wanted)

    assert odds.tolist() == pytest.approx([torch.logit(torch.tensor(0.8)).item()])


def test_a_certain_answer_still_has_a_gradient() -> None:
    logits = torch.tensor([[200.0, 0.0, 1.0]], requires_grad=True)

    log_odds(logits, torch.eye(1, 3)).sum().backward()

    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([1.0, -0.2689, -0.7311], abs=1e-4)
