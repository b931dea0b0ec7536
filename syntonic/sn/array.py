"""What a forward pass may do with its values: the methods that a `Tensor` and a traced `Symbol` share."""

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar

from syntonic._core import ResonantTensor


class Array(Protocol):
    """A value of a forward pass: a `Tensor` that holds numbers, or a `Symbol` that records what is done with it.

    Shapes are those of one member of the population; the engine adds the member axis.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, outermost first."""

    def linear(self, weight: ResonantTensor, bias: ResonantTensor | None = None) -> Self:
        """Returns x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out)."""

    def affine(self, scale: ResonantTensor, shift: ResonantTensor) -> Self:
        """Returns x * scale + shift over the last axis, both of shape (features,)."""

    def reshape(self, shape: int | Sequence[int]) -> Self:
        """Returns the same elements under another shape."""

    def relu(self) -> Self:
        """Returns max(x, 0)."""

    def tanh(self) -> Self:
        """Returns the hyperbolic tangent."""

    def gelu(self) -> Self:
        """Returns the Gaussian error linear unit in its tanh form."""

    def sigmoid(self) -> Self:
        """Returns 1 / (1 + e^-x)."""

    def softmax(self) -> Self:
        """Returns e^x / sum e^x over the last axis."""

    def add(self, other: Self) -> Self:
        """Returns x + other."""

    def sub(self, other: Self) -> Self:
        """Returns x - other."""

    def mul(self, other: Self) -> Self:
        """Returns x * other."""

    def mean(self) -> Self:
        """Returns the mean of all elements, a scalar."""

    def cross_entropy(self, labels: Self) -> Self:
        """Returns the mean of -ln softmax(x)[label]: logits (batch, classes), labels (batch,)."""

    def binary_cross_entropy(self, targets: Self) -> Self:
        """Returns the mean binary cross-entropy of logits and as many targets in [0, 1]."""

    def mse(self, targets: Self) -> Self:
        """Returns the mean squared difference."""

    def accuracy(self, labels: Self) -> Self:
        """Returns the share of rows whose largest logit is at the label."""

    def binary_accuracy(self, targets: Self) -> Self:
        """Returns the share of logits that are positive where the target exceeds 1/2, and only there."""

    def dropout(self, p: float, layer: int) -> Self:
        """Returns x with elements zeroed with probability p and the others divided by 1 - p."""


A = TypeVar("A", bound=Array)
