"""A convolutional network for images: (height, width, channels) to logits."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.nn.architectures.convolution import Conv2d
from syntonic.nn.architectures.task import Task
from syntonic.nn.layers import GoldenNorm, ResonantLinear
from syntonic.sn import Identity, Module, ModuleList, Sequential
from syntonic.sn.array import A


@register("model", "cnn2d")
class CNN2d(Module):
    """Convolutions with ReLU, each followed by max pooling, then an affine map of what is left.

    Args:
        task: Inputs (height, width, channels) of numbers.
        channels: Channels after each convolution.
        kernel_size: Side of the square that a convolution sees; the size of the image is kept.
        pool: Side of the squares whose largest value is kept after each convolution; 1 keeps all.
        norm: Batch norm after each convolution, to variance 1 / phi ("golden") or 1 ("standard"); see `GoldenNorm`.
        head: Whether the last map sees all positions ("flatten") or their mean.

    Raises:
        ValueError: a task of tokens or of another rank, more pooling than the image has pixels for, or an argument out
            of range.

    >>> model = CNN2d(Task((8, 8, 1), (10,)))
    >>> sum(p.data.size for p in model.parameters())
    1898
    """

    def __init__(
        self,
        task: Task,
        *,
        channels: Sequence[Annotated[int, Ge(1)]] = (8, 16),
        kernel_size: Annotated[int, Ge(1)] = 3,
        pool: Annotated[int, Ge(1)] = 2,
        norm: Literal["none", "golden", "standard"] = "none",
        head: Literal["flatten", "mean"] = "flatten",
    ) -> None:
        task.refuse_tokens("a CNN2d")
        if len(task.input_shape) != 3:
            raise ValueError(f"a CNN2d takes (height, width, channels), got {task.input_shape}; try model=mlp")
        if not channels:
            raise ValueError("expected at least one convolution, got no channels; model=mlp needs none")
        self._task: Final = task
        self._pool: Final = pool
        self._mean: Final = head == "mean"
        height, width, inputs = task.input_shape
        blocks: list[Module] = []
        for outputs in channels:
            normed = Identity() if norm == "none" else GoldenNorm(outputs, golden_target=norm == "golden")
            blocks.append(Sequential(Conv2d(inputs, outputs, kernel_size), normed))
            # An even kernel with its padding of half its size adds a row and a column.
            grown = 1 - kernel_size % 2
            height, width, inputs = (height + grown) // pool, (width + grown) // pool, outputs
        if min(height, width) < 1:
            raise ValueError(
                f"{len(channels)} poolings by {pool} leave nothing of {task.input_shape}; use fewer channels or pool=1"
            )
        self.blocks: Final = ModuleList(blocks)
        self.out: Final = ResonantLinear(inputs if self._mean else height * width * inputs, task.outputs)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, height, width, channels) to (batch, *output_shape)."""
        self._task.check(x)
        for block in self.blocks:
            x = block(x)
            x = x.max_pool2d((self._pool, self._pool)) if self._pool > 1 else x
        x = x.mean((1, 2)) if self._mean else x.reshape((x.shape[0], -1))
        return self._task.answer(self.out(x))
