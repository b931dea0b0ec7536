"""Operations as functions: each calls the method of the same name, of a `Tensor` or of a traced `Symbol`."""

from collections.abc import Sequence

from syntonic._core import ResonantTensor
from syntonic.sn.array import A


def linear(x: A, weight: ResonantTensor, bias: ResonantTensor | None = None) -> A:
    """Returns x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out)."""
    return x.linear(weight, bias)


def affine(x: A, scale: ResonantTensor, shift: ResonantTensor) -> A:
    """Returns x * scale + shift over the last axis, both of shape (features,)."""
    return x.affine(scale, shift)


def reshape(x: A, shape: int | Sequence[int]) -> A:
    """Returns the same elements, row-major, under another shape."""
    return x.reshape(shape)


def relu(x: A) -> A:
    """Returns max(x, 0), elementwise."""
    return x.relu()


def tanh(x: A) -> A:
    """Returns the hyperbolic tangent, elementwise."""
    return x.tanh()


def gelu(x: A) -> A:
    """Returns x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, elementwise."""
    return x.gelu()


def sigmoid(x: A) -> A:
    """Returns 1 / (1 + e^-x), elementwise."""
    return x.sigmoid()


def softmax(x: A) -> A:
    """Returns e^x / sum e^x over the last axis."""
    return x.softmax()


def add(x: A, y: A) -> A:
    """Returns x + y, elementwise."""
    return x.add(y)


def sub(x: A, y: A) -> A:
    """Returns x - y, elementwise."""
    return x.sub(y)


def mul(x: A, y: A) -> A:
    """Returns x * y, elementwise."""
    return x.mul(y)


def mean(x: A) -> A:
    """Returns the mean of all elements, a scalar."""
    return x.mean()


def cross_entropy(logits: A, labels: A) -> A:
    """Returns the mean of -ln softmax(logits)[label]: logits (batch, classes), labels (batch,) as whole numbers."""
    return logits.cross_entropy(labels)


def binary_cross_entropy(logits: A, targets: A) -> A:
    """Returns the mean binary cross-entropy of logits and as many targets in [0, 1]."""
    return logits.binary_cross_entropy(targets)


def mse_loss(x: A, targets: A) -> A:
    """Returns the mean squared difference of x and targets of the same shape."""
    return x.mse(targets)


def accuracy(logits: A, labels: A) -> A:
    """Returns the share of rows whose largest logit is at the label: logits (batch, classes), labels (batch,)."""
    return logits.accuracy(labels)


def binary_accuracy(logits: A, targets: A) -> A:
    """Returns the share of logits that are positive where the target exceeds 1/2, and only there."""
    return logits.binary_accuracy(targets)
