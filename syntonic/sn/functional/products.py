"""Products: of values with weights, and of values with one another."""

from collections.abc import Sequence

from syntonic._core import ResonantTensor, Tensor
from syntonic.sn.array import A


def linear(x: A, weight: ResonantTensor, bias: ResonantTensor | None = None) -> A:
    """Returns x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out)."""
    return x.linear(weight, bias)


def matmul(x: A, y: A) -> A:
    """Returns the product of matrices (..., n, k) and (..., k, m), the leading axes broadcast as NumPy does."""
    return x.matmul(y)


def attention(
    query: A,
    key: A,
    value: A,
    heads: int,
    causal: bool = False,
    key_mask: A | Tensor | None = None,
    scale: float | None = None,
) -> A:
    """Returns the attention of queries (batch, queries, d) to keys (batch, keys, d) with values (batch, keys, dv).

    Each of the heads, which divide d and dv, adds up its values by softmax(scale * q . k) over the keys; scale is
    1 / sqrt(d / heads) unless given. A causal query i sees keys 0 to i. `key_mask` (batch, keys) is 0 where a key is to
    be ignored; a query without a key that counts gives 0.
    """
    return query.attention(key, value, heads, causal, key_mask, scale)


def conv2d(
    x: A,
    weight: ResonantTensor,
    bias: ResonantTensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
) -> A:
    """Returns the cross-correlation with W (out, kh, kw, in), plus b (out,): (n, h, w, in) gives (n, h', w', out).

    h' = (h + 2 padding - kh) // stride + 1, likewise across; outside lie zeros.
    """
    return x.conv2d(weight, bias, stride, padding)


def conv1d(
    x: A,
    weight: ResonantTensor,
    bias: ResonantTensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
) -> A:
    """Returns the cross-correlation with W (out, k, in), plus b (out,): (n, l, in) gives (n, l', out)."""
    return x.conv1d(weight, bias, stride, padding)


def max_pool2d(x: A, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> A:
    """Returns the largest number of each full window (height, width) and channel; no stride: side by side."""
    return x.max_pool2d(size, stride)


def max_pool1d(x: A, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> A:
    """Returns the largest number of each full window of (batch, length, channels); no stride: side by side."""
    return x.max_pool1d(size, stride)


def avg_pool2d(x: A, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> A:
    """Returns the mean of each full window (height, width) and channel; no stride: side by side."""
    return x.avg_pool2d(size, stride)


def avg_pool1d(x: A, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> A:
    """Returns the mean of each full window of (batch, length, channels); no stride: side by side."""
    return x.avg_pool1d(size, stride)
