"""Convolutions by the arguments of the documents, channels last."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from syntonic.classic.nn.batch import alone, batched, of_task
from syntonic.nn import architectures
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module, ModuleList
from syntonic.sn.array import A


class PureSyntonicConv1d(architectures.Conv1d):
    """A convolution along a sequence with bias and ReLU; see `Conv1d`.

    Args:
        in_channels: Size of the last axis of the input.
        out_channels: Size of the last axis of the output.
        kernel_size: Positions that one output sees.
        stride: Step between the outputs.
        padding: Zeros at either end; None: kernel_size // 2.
        activation: What follows the bias.

    Raises:
        ValueError: a size below 1; `forward`: a shape that does not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int | None = 1,
        *,
        activation: Literal["relu", "none"] = "relu",
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride=stride, padding=padding, activation=activation)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, length, in) to (batch, positions, out), or both without the batch axis."""
        return alone(super().forward(batched(x, 3)), x, 3)


class PureSyntonicConv2d(architectures.Conv2d):
    """A convolution of images with bias and ReLU; see `Conv2d`.

    Args:
        in_channels: Size of the last axis of the input.
        out_channels: Size of the last axis of the output.
        kernel_size: Side of the square that one output sees.
        stride: Step between the outputs, the same along both axes.
        padding: Zeros at each edge; None: kernel_size // 2.
        activation: What follows the bias.

    Raises:
        ValueError: a size below 1; `forward`: a shape that does not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int | None = 1,
        *,
        activation: Literal["relu", "none"] = "relu",
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride=stride, padding=padding, activation=activation)

    def forward(self, x: A, /) -> A:
        """Returns (batch, out height, out width, out) of (batch, height, width, in); one image is a batch of one."""
        return super().forward(batched(x, 4))


class PureSyntonicCNN1d(Module):
    """Convolutions along a sequence, the mean over its positions, and an affine map to the classes.

    With a `Task` as the first argument it is the model of a run, `CNN1d`.

    Args:
        in_channels: Size of the last axis of the input.
        num_classes: Number of outputs.
        hidden_channels: Channels of each convolution.
        kernel_size: Positions that one output sees.

    Raises:
        ValueError: a size below 1, or no convolution.
    """

    def __new__(cls, *given: object, **named: object) -> Any:  # noqa: ANN401 (or the model of a run)
        """Returns the model, or that of a run for a task."""
        return of_task(architectures.CNN1d, given, named) or super().__new__(cls)

    def __init__(
        self,
        in_channels: int = 32,
        num_classes: int = 10,
        hidden_channels: Sequence[int] = (64, 128),
        kernel_size: int = 3,
    ) -> None:
        if not hidden_channels:
            raise ValueError("expected the channels of at least one convolution, got none")
        widths = [in_channels, *hidden_channels]
        self.layers: Final = ModuleList(
            architectures.Conv1d(a, b, kernel_size) for a, b in zip(widths, hidden_channels, strict=False)
        )
        self.out: Final = ResonantLinear(widths[-1], num_classes)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, length, in_channels) to (batch, num_classes); one sequence is a batch of one."""
        y = batched(x, 3)
        for layer in self.layers:
            y = layer(y)
        return self.out(y.mean(1))


class PureSyntonicCNN2d(Module):
    """Convolutions of images, each with max pooling, the mean over what is left, and an affine map to the classes.

    With a `Task` as the first argument it is the model of a run, `CNN2d`.

    Args:
        in_channels: Size of the last axis of the input.
        num_classes: Number of outputs.
        hidden_channels: Channels of each convolution.
        kernel_size: Side of the square that one output sees.
        pool: Side of the squares whose largest value is kept after each convolution; 1 keeps all.

    Raises:
        ValueError: a size below 1, or no convolution; `forward`: an image with fewer pixels than the pooling takes.
    """

    def __new__(cls, *given: object, **named: object) -> Any:  # noqa: ANN401 (or the model of a run)
        """Returns the model, or that of a run for a task."""
        return of_task(architectures.CNN2d, given, named) or super().__new__(cls)

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 10,
        hidden_channels: Sequence[int] = (32, 64, 128),
        kernel_size: int = 3,
        pool: int = 2,
    ) -> None:
        if not hidden_channels:
            raise ValueError("expected the channels of at least one convolution, got none")
        if pool < 1:
            raise ValueError(f"expected a pool of at least 1, got {pool}")
        widths = [in_channels, *hidden_channels]
        self._pool: Final = pool
        self.layers: Final = ModuleList(
            architectures.Conv2d(a, b, kernel_size) for a, b in zip(widths, hidden_channels, strict=False)
        )
        self.out: Final = ResonantLinear(widths[-1], num_classes)

    def forward(self, x: A, /) -> A:
        """Returns (batch, num_classes) of (batch, height, width, in_channels); one image is a batch of one."""
        y = batched(x, 4)
        for layer in self.layers:
            y = layer(y).max_pool2d((self._pool, self._pool))
        return self.out(y.mean((1, 2)))
