"""A model config is read whole or refused in a sentence, and each of its values counts."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from handlers.errors import UnusableModel
from handlers.model_config import ModelConfig
from handlers.quality import Limits

RULE: dict[str, object] = {
    "name": "melanoma",
    "codes": ["MEL"],
    "threshold": 0.1,
    "sensitivity": 0.95,
    "specificity": 0.6,
}
VALUES: dict[str, object] = {
    "name": "skin_vit",
    "version": "1.0",
    "architecture": "test_vit",
    "checkpoint_sha256": "4222",
    "classes": ["MEL", "NV"],
    "image_size": 160,
    "interpolation": "bicubic",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "temperature": 1.0,
    "temperature_by_pair": [[0.0, 0.5], [0.5, 0.0]],
    "unknown": {"limit": 100.0, "scale": 5.0},
    "prediction_set": {"coverage": 0.9, "least": {"MEL": 0.2, "NV": 0.3}},
    "referral": [RULE],
    "quality": asdict(Limits()),
}


def written(text: str | bytes, folder: Path) -> Path:
    path = folder / "config.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    config = ModelConfig.from_json(VALUES)

    again = ModelConfig.load(written(config.as_json(), tmp_path))

    assert again == config
    assert again.classes == ("MEL", "NV")
    assert again.referral[0].codes == ("MEL",)
    assert json.loads(again.as_json()) == VALUES


def test_what_was_not_fitted_is_read_again_too(tmp_path: Path) -> None:
    config = ModelConfig.from_json(
        VALUES | {"unknown": None, "prediction_set": None, "referral": []}
    )

    again = ModelConfig.load(written(config.as_json(), tmp_path))

    assert again == config
    assert (again.unknown, again.prediction_set, again.referral) == (None, None, ())


def test_the_hash_ignores_spacing_and_the_order_of_keys(tmp_path: Path) -> None:
    text = json.dumps(dict(reversed(VALUES.items())), indent=7)

    config = ModelConfig.load(written(text, tmp_path))

    assert config.sha256 == ModelConfig.from_json(VALUES).sha256


@pytest.mark.parametrize(
    "other",
    [
        {"name": "skin"},
        {"version": "1.1"},
        {"architecture": "vit"},
        {"checkpoint_sha256": "4223"},
        {"classes": ["NV", "MEL"]},
        {"image_size": 161},
        {"interpolation": "bilinear"},
        {"mean": [0.5, 0.5, 0.51]},
        {"std": [0.5, 0.5, 0.51]},
        {"temperature": 1.0000001},
        {"temperature_by_pair": [[0.0, 1e-9], [1e-9, 0.0]]},
        {"unknown": None},
        {"prediction_set": {"coverage": 0.9, "least": {"MEL": 0.2, "NV": 0.31}}},
        {"referral": [RULE | {"threshold": 0.11}]},
        {"quality": asdict(Limits(min_skin=0.5))},
    ],
    ids=VALUES,
)
def test_the_hash_changes_with_each_value(other: dict[str, object]) -> None:
    config = ModelConfig.from_json(VALUES | other)

    assert config.sha256 != ModelConfig.from_json(VALUES).sha256


@pytest.mark.parametrize("key", VALUES)
def test_a_missing_key_is_named(key: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != key}

    with pytest.raises(UnusableModel, match=f"keys: {key}\\. Export"):
        ModelConfig.from_json(values)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(UnusableModel, match=r"keys: threshold\. Export"):
        ModelConfig.from_json(VALUES | {"threshold": 0.5})


def test_a_key_within_another_is_named_by_its_path() -> None:
    unknown = {"limit": 1.0, "scael": 1.0}

    with pytest.raises(UnusableModel, match=r"keys: unknown\.scael, unknown\.scale\. Export"):
        ModelConfig.from_json(VALUES | {"unknown": unknown})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"No model config at .*nothing\.json"):
        ModelConfig.load(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{", "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[1]", "is not a model config"),
        (b"null", "is not a model config"),
        (b"[" * 200_000, "is not JSON"),
        (b"9" * 5_000, "is not JSON"),
    ],
)
def test_a_file_that_holds_something_else_is_named(text: bytes, says: str, tmp_path: Path) -> None:
    path = written(text, tmp_path)

    with pytest.raises(UnusableModel, match=rf"config\.json {says}"):
        ModelConfig.load(path)


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match="Is a directory"):
        ModelConfig.load(tmp_path)


# As JSON may hold them; NaN and Infinity too, which Python reads.
@pytest.mark.parametrize(
    "other",
    [
        {"classes": ["MEL", "DOG"]},
        {"interpolation": "nearest"},
        {"image_size": 0},
        {"temperature": 0},
        {"temperature": -1.0},
        {"mean": [0.5, 0.5]},
        {"std": [0.5, 0.5, 0.0]},
        {"std": [0.5, -0.5, 0.5]},
        {"name": 5},
        {"version": 1.0},
        {"classes": "MEL"},
        {"classes": [1, 2]},
        {"classes": []},
        {"classes": {"MEL": 0}},
        {"image_size": "160"},
        {"image_size": 160.5},
        {"image_size": True},
        {"interpolation": ["bicubic"]},
        {"mean": None},
        {"mean": ["0.5", "0.5", "0.5"]},
        {"mean": [0.5, 0.5, float("nan")]},
        {"std": []},
        {"std": [0.5]},
        {"std": "0.5"},
        {"temperature": "1"},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"temperature": True},
        {"temperature": None},
        {"temperature": 10**400},
        {"temperature_by_pair": 0.5},
        {"temperature_by_pair": [0.5] * 8},
        {"temperature_by_pair": [[0.5] * 8] * 7},
        {"temperature_by_pair": [[0.5] * 7] * 8},
        {"temperature_by_pair": [[0.5] * 7 + [float("nan")]] * 8},
        {"unknown": 100.0},
        {"unknown": {"limit": 100.0, "scale": 0.0}},
        {"unknown": {"limit": float("nan"), "scale": 1.0}},
        {"unknown": {"limit": 100.0}},
        {"prediction_set": {"coverage": 1.1, "least": {}}},
        {"prediction_set": {"coverage": 0.9, "least": {}}},
        {"prediction_set": {"coverage": 0.9, "least": {"DOG": 0.1}}},
        {"prediction_set": {"coverage": 0.9, "least": {"MEL": -0.1}}},
        {"prediction_set": {"coverage": 0.9, "least": {"MEL": float("nan")}}},
        {"prediction_set": {"coverage": 0.9, "least": ["MEL"]}},
        {"referral": None},
        {"referral": RULE},
        {"referral": [RULE | {"codes": ["DOG"]}]},
        {"referral": [RULE | {"codes": "MEL"}]},
        {"referral": [RULE | {"threshold": 1.5}]},
        {"referral": [RULE | {"more": 1}]},
        {"quality": None},
        {"quality": asdict(Limits()) | {"min_skin": float("nan")}},
        {"quality": asdict(Limits()) | {"min_skin": "0.5"}},
        {"quality": {"min_skin": 0.5}},
    ],
    ids=lambda other: str(other)[:99],
)
def test_a_value_that_can_not_be_is_refused_in_a_sentence(other: dict[str, object]) -> None:
    with pytest.raises(UnusableModel, match=r"^[A-Z].* .*\.$"):
        ModelConfig.from_json(VALUES | other)
