"""Which number format a step computes in."""

import pytest
import torch

from train.precision import Precision, automatic

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("fp32", torch.float32),
        ("bf16", torch.bfloat16),
        ("fp16", torch.float16),
    ],
)
def test_a_layer_computes_in_the_chosen_format(choice: str, expected: torch.dtype) -> None:
    layer = torch.nn.Linear(4, 4)

    with Precision(choice, CPU).autocast():
        computed = layer(torch.ones(1, 4))

    assert computed.dtype == expected
    assert layer.weight.dtype == torch.float32


@pytest.mark.parametrize(("has_bf16", "expected"), [(True, "bf16"), (False, "fp16")])
def test_a_gpu_uses_the_16_bits_it_has(
    monkeypatch: pytest.MonkeyPatch, has_bf16: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: has_bf16)

    assert automatic(torch.device("cuda")) == expected


@pytest.mark.parametrize("kind", ["cpu", "mps"])
def test_without_a_gpu_16_bits_must_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})

    assert automatic(torch.device(kind)) == "fp32"


@pytest.mark.parametrize(
    ("choice", "is_scaled"), [("auto", False), ("bf16", False), ("fp16", True)]
)
def test_the_loss_is_scaled_for_fp16_alone(choice: str, is_scaled: bool) -> None:
    loss = torch.tensor(2.0)

    scaled = Precision(choice, CPU).scaler.scale(loss)

    assert (scaled > loss) == is_scaled
