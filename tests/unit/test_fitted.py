"""What was fitted goes through plain values and comes back, and into the model config."""

from dataclasses import replace

import pytest
import torch

from handlers.errors import UnusableModel
from handlers.quality import Limits
from tests import tiny
from tests.unit.comparable import comparable
from train.doubt.fitted import Fitted, Known

FITTED = replace(
    tiny.fitted(("MEL", "NV", "BCC", "SCC"), 4),
    quality=Limits(min_skin=0.125),
    evidence={"ece": 0.04, "sets": {"LAC": {"coverage": {"MEL": None}}}},
)


def test_it_comes_back_from_plain_values() -> None:
    back = Fitted.of_plain(FITTED.as_plain())

    assert comparable(back) == comparable(FITTED)
    assert back.referral == FITTED.referral


def test_its_plain_values_are_no_classes_of_ours() -> None:
    def kinds(value: object) -> set[type]:
        inner = value.values() if isinstance(value, dict) else value
        found = {type(value)}
        return (
            found.union(*map(kinds, inner))
            if isinstance(inner, list | type({}.values()))
            else found
        )

    assert kinds(FITTED.as_plain()) == {dict, list, str, float, type(None), torch.Tensor}


@pytest.mark.parametrize("name", FITTED.as_plain())
def test_a_part_that_is_missing_is_named(name: str) -> None:
    values = FITTED.as_plain()
    del values[name]

    with pytest.raises(UnusableModel, match=f"What was fitted can't be read: '{name}'"):
        Fitted.of_plain(values)


def test_all_that_changes_an_answer_is_in_the_model_config() -> None:
    config = FITTED.within(tiny.config(name="other", image_size=64))

    assert config == tiny.config(
        name="other",
        image_size=64,
        temperature=FITTED.temperature,
        unknown=FITTED.unknown,
        prediction_set=FITTED.prediction_set,
        referral=FITTED.referral,
        quality=FITTED.quality,
    )


@pytest.mark.parametrize(
    ("means", "precision"), [((3, 4), (3, 3)), ((4,), (4, 4)), ((3, 4), (4,)), ((3, 4), (4, 5))]
)
def test_means_and_precision_go_together(means: tuple[int], precision: tuple[int]) -> None:
    with pytest.raises(UnusableModel, match="of another shape"):
        Known(means=torch.zeros(means), precision=torch.zeros(precision))
