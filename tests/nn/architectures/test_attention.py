"""Attention against a loop over heads and queries; causal masks, padding, and what is refused."""

import numpy as np
import pytest
import reference as ref
from evolving import DTYPES, compare, filled, values

from syntonic._core import Tensor
from syntonic.nn.architectures import (
    GoldenConeAttention,
    MultiHeadAttention,
    SyntonicAttention,
)

RNG = np.random.default_rng(4)
X = RNG.standard_normal((3, 5, 6))
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 0]], float)


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("softmax", ["standard", "syntonic"])
@pytest.mark.parametrize("masked", [True, False])
def test_attention(heads, causal, softmax, masked):
    attention = SyntonicAttention(6, heads=heads, causal=causal, softmax=softmax)
    mask = MASK if masked and not causal else None
    q, k, v = X, RNG.standard_normal(X.shape), RNG.standard_normal((3, 5, 12))
    want = ref.attention(q, k, v, heads, causal=causal, mask=mask, syntonic=softmax == "syntonic")
    for dtype, atol in zip(DTYPES, (1e-5, 1e-12), strict=True):
        given = [Tensor(a, dtype=dtype) for a in (q, k, v)]
        got = attention.attend(*given, None if mask is None else Tensor(mask, dtype=dtype))
        np.testing.assert_allclose(np.asarray(got), want, atol=atol)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("softmax", ["standard", "syntonic"])
def test_multi_head_attention(bias, causal, softmax):
    attention = filled(MultiHeadAttention(6, 2, bias=bias, causal=causal, softmax=softmax))
    compare(attention, X, ref.multi_head(values(attention), X, 2, causal=causal, syntonic=softmax == "syntonic"))


def test_heads_are_really_split():
    # Queries of the second head alone change: what the first head takes stays.
    core = SyntonicAttention(6, heads=2)
    q, changed = X.copy(), X.copy()
    changed[..., 3:] += 1
    one, other = (np.asarray(core.attend(Tensor(a), Tensor(X), Tensor(X))) for a in (q, changed))
    assert np.array_equal(one[..., :3], other[..., :3])
    assert not np.array_equal(one[..., 3:], other[..., 3:])


def test_golden_cone_attention():
    cone = GoldenConeAttention(6, 9)
    h, i = np.arange(9)[:, None], np.arange(6)
    waves = np.exp(-(h**2) / ref.PHI) * np.cos(2 * np.pi * h * i / 6)
    compare(cone, X, ref.softmax(X @ waves.T / ref.PHI) @ waves)


@pytest.mark.parametrize("softmax", ["standard", "syntonic"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_hidden_changes_no_bit(softmax, dtype):
    causal = filled(MultiHeadAttention(6, 2, causal=True, softmax=softmax))
    other = X.copy()
    other[:, 3:] = 1e3
    one, two = (np.asarray(causal(Tensor(a, dtype=dtype))) for a in (X, other))
    assert np.array_equal(one[:, :3], two[:, :3])
    assert not np.array_equal(one[:, 3:], two[:, 3:])
    padded = filled(MultiHeadAttention(6, 2, softmax=softmax))
    mask = Tensor(np.tile([1.0, 1, 1, 0, 0], (3, 1)), dtype=dtype)
    one, two = (np.asarray(padded.forward(Tensor(a, dtype=dtype), mask)) for a in (X, other))
    assert np.array_equal(one[:, :3], two[:, :3])


def test_a_syntonic_softmax_prefers_near_keys():
    keys = Tensor.ones((1, 5, 6))
    value = Tensor(np.eye(5)[None])
    core = SyntonicAttention(6, softmax="syntonic")
    weights = np.asarray(core.attend(keys, keys, value))[0]
    assert (np.diff(weights[0]) < 0).all()
    assert weights[2] == pytest.approx(weights[2][::-1], abs=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: MultiHeadAttention(6, 4), "4 heads do not divide d_model = 6; choose a divisor"),
        (lambda: MultiHeadAttention(6, 0), "0 heads"),
        (lambda: SyntonicAttention(6, softmax="soft"), "standard or syntonic"),
        (lambda: MultiHeadAttention(6, 2)(Tensor.zeros((0, 5, 6))), r"none of them empty, got \(0, 5, 6\)"),
        (lambda: MultiHeadAttention(6, 2)(Tensor.zeros((5, 6))), r"\(batch, length, 6\)"),
        (lambda: MultiHeadAttention(6, 2).forward(Tensor(X), Tensor(MASK[:, :4])), r"\(3, 5\), got \(3, 4\)"),
        (lambda: GoldenConeAttention(0), "at least 1"),
        (lambda: GoldenConeAttention(4)(Tensor(X)), "expected 4 features"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
