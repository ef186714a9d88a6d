"""A convolution of each channel by itself: its values and its gradient are torch's own."""

from typing import Any

import pytest
import torch
from torch.nn.functional import conv2d

from train.depthwise import Depthwise, convolve

CHANNELS = 8


def layer(
    kernel: int | tuple[int, int], stride: int, padding: int, **changes: int | bool
) -> torch.nn.Conv2d:
    torch.manual_seed(0)
    settings: dict[str, Any] = {"groups": CHANNELS} | changes
    return torch.nn.Conv2d(CHANNELS, CHANNELS, kernel, stride, padding, **settings)


def picture(side: int) -> torch.Tensor:
    """What both formats hold exactly."""
    numbers = torch.randn(2, CHANNELS, side, side, generator=torch.Generator().manual_seed(side))
    return numbers.bfloat16().float().to(memory_format=torch.channels_last).requires_grad_()


def moved(conv: torch.nn.Conv2d, inputs: torch.Tensor, bf16: bool) -> list[torch.Tensor]:
    """What comes out, and the gradient by inputs, weights and shifts."""
    conv.zero_grad()
    inputs.grad = None
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        found = convolve(inputs, conv.weight, conv.bias, conv)
    target = torch.randn(found.shape, generator=torch.Generator().manual_seed(1)).bfloat16()
    (found.float() * target).sum().backward()
    gradients = [inputs.grad, *(one.grad for one in conv.parameters())]
    return [found.float().detach(), *(one for one in gradients if one is not None)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("side", [9, 12])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "padding"), [(1, 0), (3, 1), (3, 0), (5, 2), (5, 1), (7, 3)])
def test_values_and_gradients_are_those_of_32_bits(
    kernel: int, padding: int, stride: int, side: int, bias: bool
) -> None:
    conv = layer(kernel, stride, padding, bias=bias)
    with torch.no_grad():
        conv.weight.copy_(conv.weight.bfloat16())
    inputs = picture(side)

    full = moved(conv, inputs, bf16=False)
    half = moved(conv, inputs, bf16=True)

    assert len(half) == 4 - (not bias)
    for ours, theirs in zip(half, full, strict=True):
        # Rounding of one number in bf16, where many were added in 32 bits.
        torch.testing.assert_close(ours, theirs, rtol=2**-7, atol=2**-7 * theirs.abs().max().item())


@pytest.mark.parametrize("frozen", ["weight", "bias", "inputs"])
def test_what_stands_still_gets_no_gradient(frozen: str) -> None:
    conv, inputs = layer(5, 2, 2), picture(9)
    tensors = dict(conv.named_parameters()) | {"inputs": inputs}
    tensors[frozen].requires_grad_(False)

    moved(conv, inputs, bf16=True)

    assert [name for name, one in tensors.items() if one.grad is None] == [frozen]


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, True),
        ({"groups": 1}, False),
        ({"groups": 4}, False),
        ({"dilation": 2}, False),
        ({"kernel": 2}, False),
        ({"kernel": (3, 5)}, False),
    ],
    ids=str,
)
def test_other_convolutions_are_torchs(changes: dict[str, Any], taken: bool) -> None:
    settings: dict[str, Any] = {"kernel": 3, "stride": 1, "padding": 0} | changes
    conv = layer(**settings)

    with torch.autocast("cpu", torch.bfloat16):
        found = convolve(picture(9), conv.weight, conv.bias, conv)
        expected = conv(picture(9))

    assert found.equal(expected)
    assert (type(found.grad_fn).__name__ == f"{Depthwise.__name__}Backward") == taken


@pytest.mark.parametrize("dtype", [torch.float16, None], ids=str)
def test_other_formats_are_torchs(dtype: torch.dtype | None) -> None:
    conv, inputs = layer(5, 2, 2), picture(9)

    with torch.autocast("cpu", dtype, enabled=dtype is not None):
        found = convolve(inputs, conv.weight, conv.bias, conv)
        own = conv2d(inputs, conv.weight, conv.bias, 2, 2, groups=CHANNELS)

    assert found.equal(own)
    assert "Depthwise" not in type(found.grad_fn).__name__
