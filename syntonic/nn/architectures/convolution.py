"""Convolutions with bias and activation, channels last: cross-correlation with weights (out, *kernel, in)."""

import math
from typing import Final, Literal

from syntonic.sn import Module, Parameter
from syntonic.sn.array import A

Activation = Literal["relu", "none"]


class Conv1d(Module):
    """y[b, l, o] = activation(sum_k,c x[b, l stride + k - padding, c] W[o, k, c] + bias[o]), zeros outside.

    W starts normal with standard deviation sqrt(2 / (kernel_size in_channels)) before a ReLU; without, 1 replaces 2.

    Args:
        in_channels: Size of the last axis of the input.
        out_channels: Size of the last axis of the output.
        kernel_size: Positions that one output sees.
        stride: Step between the outputs.
        padding: Zeros at either end; kernel_size // 2 if not given.
        activation: What follows the bias.

    Raises:
        ValueError: a size below 1; `forward`: a shape that does not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        padding: int | None = None,
        activation: Activation = "relu",
    ) -> None:
        _check(in_channels, out_channels, kernel_size, stride)
        self._stride: Final = stride
        self._padding: Final = kernel_size // 2 if padding is None else padding
        self._relu: Final = activation == "relu"
        self.weight: Final = Parameter((out_channels, kernel_size, in_channels), gain=math.sqrt(1 + self._relu))
        self.bias: Final = Parameter((out_channels,), init="zeros")

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, length, in) to (batch, (length + 2 padding - kernel) // stride + 1, out)."""
        y = x.conv1d(self.weight.data, self.bias.data, self._stride, self._padding)
        return y.relu() if self._relu else y


class Conv2d(Module):
    """y[b, i, j, o] = activation(sum over the kernel and the channels of x W[o, k, l, c] + bias[o]), zeros outside.

    W starts normal with standard deviation sqrt(2 / (kernel_size^2 in_channels)) before a ReLU; without, 1 replaces 2.

    Args:
        in_channels: Size of the last axis of the input.
        out_channels: Size of the last axis of the output.
        kernel_size: Side of the square that one output sees.
        stride: Step between the outputs, the same along both axes.
        padding: Zeros at each edge; kernel_size // 2 if not given.
        activation: What follows the bias.

    Raises:
        ValueError: a size below 1; `forward`: a shape that does not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        padding: int | None = None,
        activation: Activation = "relu",
    ) -> None:
        _check(in_channels, out_channels, kernel_size, stride)
        self._stride: Final = (stride, stride)
        edge = kernel_size // 2 if padding is None else padding
        self._padding: Final = (edge, edge)
        self._relu: Final = activation == "relu"
        shape = (out_channels, kernel_size, kernel_size, in_channels)
        self.weight: Final = Parameter(shape, gain=math.sqrt(1 + self._relu))
        self.bias: Final = Parameter((out_channels,), init="zeros")

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, height, width, in) to (batch, out height, out width, out)."""
        y = x.conv2d(self.weight.data, self.bias.data, self._stride, self._padding)
        return y.relu() if self._relu else y


def _check(in_channels: int, out_channels: int, kernel_size: int, stride: int) -> None:
    sizes = {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": kernel_size, "stride": stride}
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"expected {name} of at least 1, got {size}")
