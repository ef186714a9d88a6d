"""Vision Transformers of timm's several kinds, from the first step of training to the export.

Of those that are large only the shapes are looked at, on PyTorch's device `meta`.
"""

import pandas as pd
import pytest
import torch

from handlers.categories import WITHOUT_UNKNOWN
from train.checkpoint import config_of
from train.config import ConfigError, TrainConfig
from train.data.split import Split
from train.judged import Judged
from train.models import build
from train.optimisation import BalancedLoss
from train.pth_to_pt import traced, verify
from train.run import check
from train.served import Served
from train.step import Stepper

OUTPUTS = len(WITHOUT_UNKNOWN)
CPU = torch.device("cpu")
PAST_WARM_UP = 0.1


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("vit_tiny_patch16_224", 224),
        pytest.param("vit_tiny_patch16_384", 384, marks=pytest.mark.long),
        pytest.param("vit_tiny_r_s16_p8_224", 224, marks=pytest.mark.long),
        ("test_vit3", 160),
        ("skin_vit_lite2_224", 224),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_vit_is_trained_and_exported_at_its_own_size(name: str, size: int) -> None:
    torch.manual_seed(0)
    module = build(name, OUTPUTS, any_size=True)
    config = config_of(name, WITHOUT_UNKNOWN, module)
    loss = BalancedLoss(list(range(OUTPUTS)), OUTPUTS, CPU)
    stepper = Stepper(module, module, TrainConfig.resolved({"model": name}), loss, CPU)
    before = {one: tensor.clone() for one, tensor in module.named_parameters()}

    stepper.step(torch.randn(2, 3, size, size), torch.tensor([0, 1]), 0, PAST_WARM_UP)

    assert config.image_size == size
    assert [one for one, now in module.named_parameters() if now.equal(before[one])] == []
    plain = build(name, OUTPUTS)
    plain.load_state_dict(module.state_dict())
    answering = Judged(Served(plain, 1), None).eval()
    verify(traced(answering, size), answering, size)


def test_a_vit_whose_own_size_is_no_multiple_of_its_patches_is_trained_at_another() -> None:
    images = pd.DataFrame({"image": ["a"], "code": ["NV"]})
    parts = Split(train=images, validation=images)
    own: dict[str, object] = {"model": "vit_so400m_patch14_siglip_384", "init": "none"}

    with torch.device("meta"):
        check(TrainConfig.resolved(own | {"train_size": 378}), parts)
        with pytest.raises(ConfigError, match=r"--train-size must be .*, 14, which 384"):
            check(TrainConfig.resolved(own), parts)


def test_a_vits_size_is_the_one_that_it_takes() -> None:
    with torch.device("meta"):
        module = build("vitamin_xlarge_336", OUTPUTS)

    size = config_of("vitamin_xlarge_336", WITHOUT_UNKNOWN, module).image_size

    assert size == 336
    with torch.device("meta"):
        assert module(torch.empty(1, 3, size, size)).shape == (1, OUTPUTS)
