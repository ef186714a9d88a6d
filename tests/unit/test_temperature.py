"""Shares of logits, at one temperature and at each answer's own."""

import math

import pytest
import torch

from handlers.temperature import fits, shares

LOGITS = 3 * torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
PAIRS = torch.randn(8, 8, generator=torch.Generator().manual_seed(1))
BY_PAIR = tuple(map(tuple, (PAIRS + PAIRS.T).tolist()))


def test_without_pairs_it_is_softmax_at_the_temperature() -> None:
    torch.testing.assert_close(
        shares(LOGITS, 2.0), (LOGITS.double() / 2).softmax(dim=1), rtol=0, atol=0
    )


def test_an_answer_has_the_mean_of_its_pairs_by_their_shares() -> None:
    # At the temperature alone, 2, its shares are 3/4 and 1/4.
    logits = torch.tensor([[2 * math.log(3), 0.0]], dtype=torch.float64)

    found = shares(logits, 2.0, ((0.4, 0.8), (0.8, -1.0)))

    log_factor = (9 * 0.4 + 2 * 3 * 0.8 + 1 * -1.0) / 16
    assert found[0, 0].item() == pytest.approx(1 / (1 + 3 ** -math.exp(-log_factor)), abs=1e-12)


def test_the_same_number_for_all_pairs_is_another_temperature() -> None:
    found = shares(LOGITS, 2.0, ((0.5,) * 8,) * 8)

    torch.testing.assert_close(found, shares(LOGITS, 2.0 * math.exp(0.5)))


def test_the_order_of_the_categories_is_that_of_the_logits() -> None:
    found = shares(LOGITS, 0.8, BY_PAIR)

    assert found.dtype == torch.float64
    assert found.argsort(dim=1).equal(LOGITS.argsort(dim=1))
    torch.testing.assert_close(found.sum(dim=1), torch.ones(50, dtype=torch.float64))


def test_an_answer_does_not_depend_on_the_others_of_its_batch() -> None:
    alone = torch.cat([shares(row[None], 0.8, BY_PAIR) for row in LOGITS])

    torch.testing.assert_close(shares(LOGITS, 0.8, BY_PAIR), alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("by_pair", "whether"),
    [
        ((), True),
        (((0.5, -2.0), (-2.0, 0.0)), True),
        (((0.5, 1.0),), False),
        (((0.5,), (1.0,)), False),
        (((0.5, 1.0), (1.0,)), False),
        (((0.5, math.inf), (1.0, 0.0)), False),
    ],
    ids=str,
)
def test_it_is_a_number_for_each_two_outputs_or_none(by_pair: object, whether: bool) -> None:
    assert fits(by_pair, 2) is whether  # type: ignore[arg-type]  # of any shape
