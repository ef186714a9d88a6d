"""A checkpoint goes through a file and comes back; anything else is refused."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from handlers.categories import WITHOUT_UNKNOWN
from tests import tiny
from tests.conftest import ROOT
from tests.unit.bomb import Bomb
from tests.unit.comparable import comparable
from train.checkpoint import FORMAT, WITHOUT_FITTED, Checkpoint, halved, read
from train.doubt.fitted import FEATURES
from train.doubt.methods import IN_USE
from train.models import InitError, build

DEFAULT = ROOT / "model_store" / "best_model.pth"
# Nothing but what torch.save takes as it is.
PLAIN = vars(replace(tiny.checkpoint(), fitted=None))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "best_model.pth"


def bare(checkpoint: Checkpoint) -> Checkpoint:
    """Without tensors, so that it can be compared."""
    return replace(checkpoint, state_dict={}, fitted=None)


def test_a_checkpoint_comes_back_as_it_was(file: Path) -> None:
    training: dict[str, str | int | float] = {"command": "c", "epoch": 3, "score": 0.5}
    checkpoint = replace(
        tiny.checkpoint(), views=4, trained_on=("ISIC_0000001", "ISIC_0000000"), training=training
    )
    file.write_bytes(checkpoint.as_bytes())

    back = read(file)

    assert bare(back) == bare(checkpoint)
    assert comparable(back.fitted) == comparable(checkpoint.fitted)
    assert back.state_dict.keys() == checkpoint.state_dict.keys()
    assert all(torch.equal(back.state_dict[n], t) for n, t in checkpoint.state_dict.items())


def test_a_checkpoint_of_an_older_version_has_nothing_fitted(file: Path) -> None:
    values = {"format": WITHOUT_FITTED} | PLAIN
    del values["fitted"]
    torch.save(values, file)

    back = read(file)

    assert back.fitted is None
    assert bare(back) == bare(tiny.checkpoint())


def test_nothing_fitted_comes_back_as_nothing(file: Path) -> None:
    file.write_bytes(replace(tiny.checkpoint(), fitted=None).as_bytes())

    assert read(file).fitted is None


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": "hot"},
        {"temperature": None},
        {"temperature_by_pair": 0.5},
        {"temperature_by_pair": [["hot"]]},
        {"unknown": {"limit": 1.0, "scale": -1.0}},
        {"unknown": None},
        {"referral": [{"name": "melanoma"}]},
        {"prediction_set": {"coverage": 0.9, "least": {"DOG": 0.1}}},
        {"quality": {}},
        {"known": {"means": torch.zeros(8, 64)}},
        {"known": {"means": [1.0], "precision": [1.0]}},
        {"known": {"means": torch.zeros(8, 64), "precision": torch.zeros(65, 65)}},
        {"evidence": "much"},
    ],
    ids=str,
)
def test_damaged_fitted_values_are_refused(file: Path, change: dict[str, object]) -> None:
    fitted = tiny.checkpoint().fitted
    assert fitted is not None
    torch.save({"format": FORMAT} | PLAIN | {"fitted": fitted.as_plain() | change}, file)

    with pytest.raises(InitError, match=r"best_model\.pth: .*\.$"):
        read(file)


@pytest.mark.parametrize("fitted", ["text", [1], {}, {"temperature": 1.0}], ids=str)
def test_something_else_that_was_fitted_is_refused(file: Path, fitted: object) -> None:
    torch.save({"format": FORMAT} | PLAIN | {"fitted": fitted}, file)

    with pytest.raises(InitError, match=r"best_model\.pth: What was fitted can't be read"):
        read(file)


def test_its_model_has_the_trained_weights_within_half_precision(file: Path) -> None:
    torch.manual_seed(3)
    trained = build("test_vit", 8).eval()
    checkpoint = replace(tiny.checkpoint(), state_dict=halved(trained.state_dict()))
    file.write_bytes(checkpoint.as_bytes())

    model = read(file).model()

    assert not model.training
    for name, tensor in trained.state_dict().items():
        assert model.state_dict()[name].dtype == torch.float32
        torch.testing.assert_close(model.state_dict()[name], tensor, rtol=1e-3, atol=1e-7)
    inputs = torch.rand(2, 3, 160, 160)
    torch.testing.assert_close(model(inputs), trained(inputs), rtol=0, atol=1e-2)


def test_halved_keeps_norms_and_statistics_in_32_bits() -> None:
    weights = build("test_vit", 8).state_dict() | {"batches": torch.tensor(70_001)}

    halves = halved(weights)

    assert halves["batches"] == 70_001
    for name, tensor in weights.items():
        expected = torch.float16 if tensor.dim() > 1 else tensor.dtype
        assert halves[name].dtype == expected


def test_halved_weights_are_a_copy() -> None:
    model = build("test_vit", 8)
    halves = halved(model.state_dict())

    torch.nn.init.constant_(model.norm.weight, 5.0)

    assert (halves["norm.weight"] == 1).all()


@pytest.mark.parametrize("place", ["whole", "training"])
def test_pickled_code_is_refused_and_not_run(file: Path, place: str) -> None:
    bomb = Bomb(file.with_name("created"))
    values = PLAIN | {"format": FORMAT, "training": {"command": bomb}}
    torch.save(values if place == "training" else bomb, file)

    with pytest.raises(InitError, match="no checkpoint, or holds more than plain weights"):
        read(file)

    assert not file.with_name("created").exists()


def test_a_missing_file_says_how_to_get_one(file: Path) -> None:
    with pytest.raises(InitError, match=r"no checkpoint .*best_model\.pth: train one"):
        read(file)


@pytest.mark.parametrize(
    "body",
    [b"", b"hello, this is a text", bytes(100), pickle.dumps({"a": 1}, 2), b"PK\x03\x04zip"],
    ids=["empty", "text", "zeros", "pickle", "zip"],
)
def test_garbage_is_refused(file: Path, body: bytes) -> None:
    file.write_bytes(body)

    with pytest.raises(InitError, match=r"best_model\.pth is no checkpoint"):
        read(file)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_refused(file: Path, share: float) -> None:
    whole = tiny.checkpoint().as_bytes()
    file.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(InitError, match="is no checkpoint"):
        read(file)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InitError, match="is no checkpoint"):
        read(tmp_path)


@pytest.mark.parametrize(
    "values",
    [
        build("test_vit", 8).state_dict(),
        [1, 2],
        PLAIN | {"format": "skin-lesion-checkpoint-1"},
        {"format": FORMAT},
        PLAIN | {"format": FORMAT, "more": 1},
    ],
    ids=["state_dict", "list", "other format", "too little", "too much"],
)
def test_other_things_that_torch_saves_are_refused(file: Path, values: object) -> None:
    torch.save(values, file)

    with pytest.raises(InitError, match="is no checkpoint of this project"):
        read(file)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"norm.weight": None}, "missing: norm.weight"),
        ({"more": torch.ones(1)}, "unknown: more"),
        ({"norm.bias": torch.ones(3)}, r"of another shape: norm.bias is \(3,\), not \(64,\)"),
        ({"head.bias": torch.ones(9)}, r"of another shape: head.bias is \(9,\), not \(8,\)"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    change: dict[str, torch.Tensor | None], says: str
) -> None:
    checkpoint = tiny.checkpoint()
    tensors = {n: t for n, t in (checkpoint.state_dict | change).items() if t is not None}

    with pytest.raises(InitError, match=f"does not fit test_vit: {says}"):
        replace(checkpoint, state_dict=tensors).model()


def test_the_default_checkpoint_is_small_and_says_where_it_comes_from() -> None:
    checkpoint = read(DEFAULT)

    assert DEFAULT.stat().st_size <= 16_000_000
    assert str(checkpoint.training["command"]).startswith("python -m train.run ")
    assert len(str(checkpoint.training["commit"]).rstrip("+")) == 40
    assert checkpoint.fitted is not None
    size = checkpoint.image_size
    assert checkpoint.model()(torch.zeros(1, 3, size, size)).shape == (1, len(checkpoint.classes))


def test_the_default_checkpoint_does_what_is_asked_of_it() -> None:
    fitted = read(DEFAULT).fitted

    assert fitted is not None
    found = fitted.evidence
    assert found["cross_validation"]["balanced_accuracy"]["low"] >= 0.70
    assert found["ece"] <= 0.03
    assert found["sets"].keys() == {"LAC", "APS", "RAPS"}
    assert min(found["sets"]["LAC"]["coverage"].values()) >= 0.88
    assert max(found["sets"]["LAC"]["coverage"].values()) <= 0.92
    assert found["called_unknown"] <= 0.05
    assert found["as_served"]["value"] >= 0.70
    assert fitted.known.of == FEATURES
    assert found["methods_unknown"][IN_USE] >= 0.98
    assert found["methods_left_out"].keys() == set(WITHOUT_UNKNOWN)
    assert [rule.sensitivity >= 0.95 for rule in fitted.referral] == [True, True]
