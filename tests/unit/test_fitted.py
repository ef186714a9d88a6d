"""What was fitted goes through plain values and comes back, and into the model config."""

from dataclasses import replace

import pytest
import torch

from handlers.errors import UnusableModel
from handlers.quality import Limits
from tests import tiny
from tests.unit.comparable import comparable
from train.doubt.fitted import EMBEDDING, FEATURES, Fitted, Known

CLASSES = ("MEL", "NV", "BCC", "SCC")
FITTED = replace(
    tiny.fitted(CLASSES, 4),
    quality=Limits(min_skin=0.125),
    evidence={"ece": 0.04, "sets": {"LAC": {"coverage": {"MEL": None}}}},
    images=("a", "b"),
)


def test_it_comes_back_from_plain_values() -> None:
    back = Fitted.of_plain(FITTED.as_plain())

    assert comparable(back) == comparable(FITTED)
    assert back.referral == FITTED.referral
    assert back.scaling == FITTED.scaling
    assert back.images == FITTED.images


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


def test_what_was_fitted_before_pairs_were_has_none() -> None:
    values = FITTED.as_plain()
    del values["temperature_by_pair"]

    scaling = Fitted.of_plain(values).scaling

    assert (scaling.temperature, scaling.by_pair) == (FITTED.scaling.temperature, ())


def test_what_was_fitted_before_names_were_kept_has_none() -> None:
    values = FITTED.as_plain()
    del values["images"]

    assert Fitted.of_plain(values).images == ()


def test_what_was_fitted_before_features_were_knows_embeddings() -> None:
    values = FITTED.as_plain()
    del values["known"]["of"]

    assert Fitted.of_plain(values).known.of == EMBEDDING


@pytest.mark.parametrize(
    "name", sorted(FITTED.as_plain().keys() - {"temperature_by_pair", "images"})
)
def test_a_part_that_is_missing_is_named(name: str) -> None:
    values = FITTED.as_plain()
    del values[name]

    with pytest.raises(UnusableModel, match=f"What was fitted can't be read: '{name}'"):
        Fitted.of_plain(values)


def test_all_that_changes_an_answer_is_in_the_model_config() -> None:
    config = FITTED.within(tiny.config(name="other", classes=CLASSES))

    assert config == tiny.config(
        name="other",
        classes=CLASSES,
        temperature=FITTED.scaling.temperature,
        temperature_by_pair=FITTED.scaling.by_pair,
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
        Known(of=FEATURES, means=torch.zeros(means), precision=torch.zeros(precision))


def test_distances_of_something_else_are_refused() -> None:
    with pytest.raises(UnusableModel, match="can't be taken of 'colours'"):
        replace(FITTED.known, of="colours")
