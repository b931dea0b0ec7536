"""A convolutional network for signals: (length, channels) to logits."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.nn.architectures.convolution import Conv1d
from syntonic.nn.architectures.task import Task
from syntonic.nn.layers import GoldenNorm, ResonantLinear
from syntonic.sn import Identity, Module, Sequential
from syntonic.sn.array import A


@register("model", "cnn1d")
class CNN1d(Module):
    """Strided convolutions with ReLU, then an affine map of what is left.

    Args:
        task: Inputs (length, channels) of numbers, or (length,), which is one channel.
        channels: Channels after each convolution.
        kernel_sizes: Positions that each convolution sees, as many as channels.
        stride: Step of each convolution; 2 halves the length.
        norm: Batch norm after each convolution, to variance 1 / phi ("golden") or 1 ("standard"); see `GoldenNorm`.
        head: Whether the last map sees all positions ("flatten") or their mean.

    Raises:
        ValueError: a task of tokens or of another rank, or an argument out of range.

    >>> model = CNN1d(Task((40, 1), (10,)))
    >>> sum(p.data.size for p in model.parameters())
    2474
    """

    def __init__(
        self,
        task: Task,
        *,
        channels: Sequence[Annotated[int, Ge(1)]] = (16, 16, 16),
        kernel_sizes: Sequence[Annotated[int, Ge(1)]] = (5, 3, 3),
        stride: Annotated[int, Ge(1)] = 2,
        norm: Literal["none", "golden", "standard"] = "none",
        head: Literal["flatten", "mean"] = "flatten",
    ) -> None:
        task.refuse_tokens("a CNN1d")
        if len(task.input_shape) > 2:
            raise ValueError(f"a CNN1d takes (length, channels), got {task.input_shape}; try model=cnn2d or model=mlp")
        if len(channels) != len(kernel_sizes) or not channels:
            raise ValueError(f"expected a kernel size for each of {list(channels)} channels, got {list(kernel_sizes)}")
        self._task: Final = task
        self._mean: Final = head == "mean"
        length, width = (*task.input_shape, 1)[:2]
        layers: list[Module] = []
        for outputs, kernel in zip(channels, kernel_sizes, strict=True):
            layers.append(Conv1d(width, outputs, kernel, stride=stride))
            layers.append(Identity() if norm == "none" else GoldenNorm(outputs, golden_target=norm == "golden"))
            length, width = (length + 2 * (kernel // 2) - kernel) // stride + 1, outputs
        self.layers: Final = Sequential(*layers)
        self.out: Final = ResonantLinear(width if self._mean else length * width, task.outputs)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, *input_shape) to (batch, *output_shape)."""
        self._task.check(x)
        y = self.layers(x if len(x.shape) == 3 else x.reshape((*x.shape, 1)))
        y = y.mean(1) if self._mean else y.reshape((x.shape[0], -1))
        return self._task.answer(self.out(y))
