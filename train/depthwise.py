"""A convolution of each channel by itself, with a gradient that bf16 does not slow down on a CPU.

torch's own is right but takes oneDNN's reference code for two of its parts: by the picture when
the stride is over 1, and by the weights when the kernel is wider than 3. With Lite2 on 2 cores
that is half of a step in bf16.
"""

import torch
from torch.autograd.function import FunctionCtx
from torch.nn.functional import conv2d, pad

# The widest kernel whose gradient has fast code.
FAST = 3


def convolve(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, conv: torch.nn.Conv2d
) -> torch.Tensor:
    """`conv` with other weights; its padding must be given in pixels."""
    if is_depthwise(conv) and is_bf16_on_cpu(inputs):
        given = [None if one is None else one.bfloat16() for one in (inputs, weight, bias)]
        found: torch.Tensor = Depthwise.apply(*given, conv.stride, conv.padding)
        return found
    return conv2d(inputs, weight, bias, conv.stride, conv.padding, conv.dilation, conv.groups)


def is_depthwise(conv: torch.nn.Conv2d) -> bool:
    """Of the kinds that the gradient below is written for."""
    height, width = conv.kernel_size
    alone = conv.groups == conv.in_channels == conv.out_channels
    return alone and height == width and height % 2 == 1 and conv.dilation == (1, 1)


def is_bf16_on_cpu(inputs: torch.Tensor) -> bool:
    casts = inputs.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    return casts and torch.get_autocast_dtype("cpu") is torch.bfloat16


class Context(FunctionCtx):
    """What torch puts there but does not declare, and what `forward` leaves for `backward`."""

    saved_tensors: tuple[torch.Tensor, torch.Tensor]
    needs_input_grad: tuple[bool, ...]
    stride: tuple[int, int]
    padding: tuple[int, int]


class Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Context,
        inputs: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
    ) -> torch.Tensor:
        context.save_for_backward(inputs, weight)
        context.stride, context.padding = stride, padding
        return conv2d(inputs, weight, bias, stride, padding, groups=len(weight))

    @staticmethod
    def backward(context: Context, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weight = context.saved_tensors
        stride, padding = context.stride, context.padding
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        by_inputs, by_weight, by_bias = context.needs_input_grad[:3]
        return (
            of_inputs(gradient, inputs, weight, stride, padding) if by_inputs else None,
            of_weight(gradient, inputs, weight, stride, padding) if by_weight else None,
            gradient.sum((0, 2, 3)) if by_bias else None,
            None,
            None,
        )


def of_inputs(
    gradient: torch.Tensor,
    inputs: torch.Tensor,
    weight: torch.Tensor,
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> torch.Tensor:
    """In 32 bits where there is a stride, as only they have fast code for that."""
    if max(stride) > 1:
        wide = (gradient.float(), inputs.float(), weight.float())
        return gradients(*wide, stride, padding, (True, False))[0].to(inputs.dtype)
    return gradients(gradient, inputs, weight, stride, padding, (True, False))[0]


def of_weight(
    gradient: torch.Tensor,
    inputs: torch.Tensor,
    weight: torch.Tensor,
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> torch.Tensor:
    """That of a wider kernel is put together from those of kernels of three, which overlap."""
    side = weight.shape[-1]
    if side <= FAST:
        return gradients(gradient, inputs, weight, stride, padding, (False, True))[1]
    framed = pad(inputs, (padding[1], padding[1], padding[0], padding[0]))
    height, width = (
        (count - 1) * step + FAST for count, step in zip(gradient.shape[2:], stride, strict=True)
    )
    kernel = weight[..., :FAST, :FAST].contiguous()
    found = torch.empty_like(weight)
    for row in range(0, side - 1, FAST - 1):
        for column in range(0, side - 1, FAST - 1):
            seen = framed[..., row : row + height, column : column + width]
            seen = seen.contiguous(memory_format=torch.channels_last)
            part = gradients(gradient, seen, kernel, stride, (0, 0), (False, True))[1]
            found[..., row : row + FAST, column : column + FAST] = part
    return found


def gradients(
    gradient: torch.Tensor,
    inputs: torch.Tensor,
    weight: torch.Tensor,
    stride: tuple[int, int],
    padding: tuple[int, int],
    wanted: tuple[bool, bool],
) -> tuple[torch.Tensor, torch.Tensor]:
    """By the inputs and by the weights, as torch has them; what is not wanted is None."""
    found: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = torch.ops.aten.convolution_backward(
        gradient, inputs, weight, None, stride, padding, (1, 1), False, (0, 0), len(weight),
        (*wanted, False),
    )  # fmt: skip
    return found[:2]
