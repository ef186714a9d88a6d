"""An answer from mirrored views: their mean, and the same for a mirrored image."""

import pytest
import torch

from tests import tiny
from train.judged import Judged
from train.pth_to_pt import traced
from train.served import Served

SIZE = 160
FLIPS = [(2,), (3,), (2, 3)]


@pytest.fixture(scope="module")
def inputs() -> torch.Tensor:
    return torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def averaged(views: int) -> Served:
    return Served(tiny.checkpoint().model(), views).eval()


@torch.inference_mode()
def probabilities(model: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    logits: torch.Tensor = model(inputs)[0]
    return logits.softmax(dim=1)


def test_one_view_is_the_plain_model(inputs: torch.Tensor) -> None:
    with torch.inference_mode():
        (logits, *_), expected = averaged(1)(inputs), tiny.checkpoint().model()(inputs)

    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("views", "flips"), [(2, [(2, 3)]), (4, FLIPS)])
def test_views_give_the_mean_of_their_probabilities(
    inputs: torch.Tensor, views: int, flips: list[tuple[int, ...]]
) -> None:
    plain = averaged(1)

    found = probabilities(averaged(views), inputs)

    each = [probabilities(plain, image) for image in (inputs, *(inputs.flip(f) for f in flips))]
    assert len(each) == views
    torch.testing.assert_close(found, torch.stack(each).mean(dim=0), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("views", "flip"), [(4, flip) for flip in FLIPS] + [(2, (2, 3))], ids=str)
def test_a_mirrored_image_is_answered_alike(
    inputs: torch.Tensor, views: int, flip: tuple[int, ...]
) -> None:
    plain, model = averaged(1), averaged(views)

    change = (probabilities(model, inputs.flip(flip)) - probabilities(model, inputs)).abs().max()

    assert change < 1e-6
    alone = (probabilities(plain, inputs.flip(flip)) - probabilities(plain, inputs)).abs().max()
    assert alone > 1e-3


@pytest.mark.parametrize("views", [1, 2, 4])
def test_a_traced_graph_averages_the_same_views(inputs: torch.Tensor, views: int) -> None:
    model = averaged(views)

    graph = traced(Judged(model, None), SIZE)

    three = torch.cat([inputs, inputs[:1].flip(3)])
    torch.testing.assert_close(
        probabilities(graph, three), probabilities(model, three), rtol=0, atol=1e-6
    )
