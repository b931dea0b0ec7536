"""Products: of values with weights, and of values with one another."""

from collections.abc import Sequence
from typing import Protocol, Self

from syntonic._core import ResonantTensor, Tensor


class Products(Protocol):
    """Products: of values with weights, and of values with one another."""

    def linear(self, weight: ResonantTensor, bias: ResonantTensor | None = None) -> Self:
        """Returns x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out)."""

    def matmul(self, other: Self | Tensor) -> Self:
        """Returns the product of matrices (..., n, k) and (..., k, m), the leading axes broadcast as NumPy does."""

    def attention(
        self,
        key: Self | Tensor,
        value: Self | Tensor,
        heads: int,
        causal: bool = False,
        key_mask: Self | Tensor | None = None,
        scale: float | None = None,
    ) -> Self:
        """Returns the attention of queries (batch, queries, d) to keys (batch, keys, d) with values (batch, keys, dv).

        Each of the heads, which divide d and dv, adds up its values by softmax(scale * q . k) over the keys; scale is
        1 / sqrt(d / heads) unless given. A causal query i sees keys 0 to i. `key_mask` (batch, keys) is 0 where a key
        is to be ignored; a query without a key that counts gives 0.
        """

    def conv2d(
        self,
        weight: ResonantTensor,
        bias: ResonantTensor | None = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
    ) -> Self:
        """Returns the cross-correlation with W (out, kh, kw, in), plus b (out,): (n, h, w, in) gives (n, h', w', out).

        h' = (h + 2 padding - kh) // stride + 1, likewise across; outside lie zeros.
        """

    def conv1d(
        self,
        weight: ResonantTensor,
        bias: ResonantTensor | None = None,
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
    ) -> Self:
        """Returns the cross-correlation with W (out, k, in), plus b (out,): (n, l, in) gives (n, l', out)."""

    def max_pool2d(self, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> Self:
        """Returns the largest number of each full window (height, width) and channel; no stride: side by side."""

    def max_pool1d(self, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> Self:
        """Returns the largest number of each full window of (batch, length, channels); no stride: side by side."""

    def avg_pool2d(self, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> Self:
        """Returns the mean of each full window (height, width) and channel; no stride: side by side."""

    def avg_pool1d(self, size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> Self:
        """Returns the mean of each full window of (batch, length, channels); no stride: side by side."""
