"""Models come from timm, and their weights from files that can't run code."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests import tiny
from tests.unit.bomb import Bomb
from train.models import BACKBONE, DEFAULT_MODEL, InitError, build, pretrained_names


def weights(outputs: int = 8) -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    return dict(build("test_vit", outputs).state_dict())


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", DEFAULT_MODEL])
def test_a_model_of_any_size_has_the_same_weights_and_answers(name: str) -> None:
    plain = build(name, 8).eval()
    side = plain.pretrained_cfg["input_size"][-1]
    inputs = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))

    model = build(name, 8, any_size=True).eval()

    model.load_state_dict(plain.state_dict())
    torch.testing.assert_close(model(inputs), plain(inputs), rtol=0, atol=1e-5)
    assert model(inputs[..., :96, :96]).shape == (1, 8)


@pytest.mark.parametrize(
    ("name", "says"),
    [("no_such_vit", "timm has no model 'no_such_vit'"), ("resnet18", "no Vision Transformer")],
)
def test_what_is_no_vit_of_timms_is_refused(name: str, says: str) -> None:
    with pytest.raises(InitError, match=says):
        build(name, 8)


def test_imagenet_without_a_network_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The environment's HF_HUB_OFFLINE and HF_HOME were read at the first import.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(InitError, match=r"connect this machine .*, or give a local file or none"):
        build("test_vit", 8, "imagenet")


@pytest.mark.parametrize(
    "prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."]
)
@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "in a checkpoint"])
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin"])
def test_weights_that_torch_saved_are_loaded(
    tmp_path: Path, suffix: str, wrapped: bool, prefix: str
) -> None:
    given = {f"{prefix}{name}": tensor for name, tensor in weights().items()}
    torch.save({"state_dict": given, "epoch": 3} if wrapped else given, tmp_path / f"w{suffix}")

    loaded = build("test_vit", 8, str(tmp_path / f"w{suffix}")).state_dict()

    torch.testing.assert_close(dict(loaded), weights(), rtol=0, atol=0)


def test_weights_in_a_safetensors_file_are_loaded(tmp_path: Path) -> None:
    save_file(weights(), tmp_path / "w.safetensors")

    loaded = build("test_vit", 8, str(tmp_path / "w.safetensors")).state_dict()

    torch.testing.assert_close(dict(loaded), weights(), rtol=0, atol=0)


def test_our_own_checkpoint_is_a_file_of_weights(tmp_path: Path) -> None:
    checkpoint = tiny.checkpoint()
    (tmp_path / "best_model.pth").write_bytes(checkpoint.as_bytes())

    loaded = build("test_vit", 8, str(tmp_path / "best_model.pth")).state_dict()

    assert torch.equal(loaded["head.weight"], checkpoint.state_dict["head.weight"].float())


def test_a_head_of_another_size_is_left_at_random(tmp_path: Path) -> None:
    torch.save(weights(1000), tmp_path / "thousand.pth")

    loaded = build("test_vit", 8, str(tmp_path / "thousand.pth")).state_dict()

    same = {name for name, tensor in weights(1000).items() if torch.equal(loaded[name], tensor)}
    assert loaded.keys() - same == {"head.weight", "head.bias"}
    assert len(loaded["head.weight"]) == 8


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"norm.weight": None}, "missing: norm.weight"),
        ({"more": torch.ones(1)}, "unknown: more"),
        (
            {"pos_embed": torch.ones(1, 5, 64)},
            r"of another shape: pos_embed is \(1, 5, 64\), not \(1, 101, 64\)",
        ),
    ],
    ids=["missing", "unknown", "reshaped"],
)
def test_weights_that_do_not_fit_are_named(
    tmp_path: Path, change: dict[str, torch.Tensor | None], says: str
) -> None:
    given = {name: tensor for name, tensor in (weights() | change).items() if tensor is not None}
    torch.save(given, tmp_path / "other.pth")

    with pytest.raises(InitError, match=f"other.pth does not fit the model: {says}"):
        build("test_vit", 8, str(tmp_path / "other.pth"))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, wrapped: bool) -> None:
    bomb = Bomb(tmp_path / "created")
    torch.save({"state_dict": {"norm.weight": bomb}} if wrapped else bomb, tmp_path / "bomb.pth")

    with pytest.raises(InitError, match="holds more than plain weights"):
        build("test_vit", 8, str(tmp_path / "bomb.pth"))

    assert not (tmp_path / "created").exists()


@pytest.mark.parametrize("name", ["damaged.pth", "damaged.safetensors"])
@pytest.mark.parametrize(
    "body",
    [b"", b"hello, this is a text", bytes(100), b"PK\x03\x04zip", b"GIF89a", b"X\1\0\0\0\xff"],
    ids=["empty", "text", "zeros", "zip", "picture", "Latin-1"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)

    with pytest.raises(InitError, match=name):
        build("test_vit", 8, str(tmp_path / name))


@pytest.mark.parametrize("values", [[1, 2], {"epoch": 3}, {1: torch.ones(1)}], ids=str)
def test_a_file_without_named_tensors_is_refused(tmp_path: Path, values: object) -> None:
    torch.save(values, tmp_path / "other.pth")

    with pytest.raises(InitError, match=r"other\.pth holds no state_dict"):
        build("test_vit", 8, str(tmp_path / "other.pth"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InitError, match=f"no file {tmp_path}/none.pth"):
        build("test_vit", 8, f"{tmp_path}/none.pth")


@pytest.mark.parametrize(
    ("model", "init", "pretrained"),
    [
        ("test_vit", "none", "(?!)"),
        ("test_vit", "imagenet", r"(?!head\.)"),
        ("test_vit", "some.pth", r"(?!head\.)"),
        (DEFAULT_MODEL, "none", "(?!)"),
        (DEFAULT_MODEL, "imagenet", re.escape(BACKBONE)),
        (DEFAULT_MODEL, "some.pth", r"(?!head\.)"),
    ],
)
def test_what_starts_pretrained_is_known(model: str, init: str, pretrained: str) -> None:
    module = build(model, 8)

    names = pretrained_names(module, init)

    assert names == {name for name, _ in module.named_parameters() if re.match(pretrained, name)}


def test_a_tag_that_timm_does_not_know_is_not_said_to_be_a_missing_download() -> None:
    with pytest.raises(InitError, match=r"^timm can't build test_vit\.foo"):
        build("test_vit.foo", 8)


def test_both_heads_of_a_distilled_model_start_anew(tmp_path: Path) -> None:
    name = "deit_tiny_distilled_patch16_224"
    given = build(name, 5)
    torch.save(given.state_dict(), tmp_path / "weights.pth")

    loaded = build(name, 8, str(tmp_path / "weights.pth"))

    assert torch.equal(loaded.state_dict()["norm.weight"], given.state_dict()["norm.weight"])
    started = pretrained_names(loaded, str(tmp_path / "weights.pth"))
    assert not [name for name in started if name.startswith("head")]
