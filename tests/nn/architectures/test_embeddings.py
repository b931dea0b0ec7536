"""Embeddings and positions against their formulas, and what they refuse."""

import math

import numpy as np
import pytest
import reference as ref
from evolving import DTYPES, compare, filled, same_bits, squares, values

from syntonic._core import Tensor
from syntonic.nn.architectures import PositionalEncoding, SyntonicEmbedding, WindingEmbedding
from syntonic.nn.architectures.embeddings import winding_numbers

TOKENS = np.array([[0, 3, 1, 1], [6, 5, 2, 0]], float)
X = np.random.default_rng(5).standard_normal((2, 7, 5))


@pytest.mark.parametrize("padding", [None, 0])
def test_lookup(padding):
    embedding = filled(SyntonicEmbedding(7, 5, harmonize=False, padding_token=padding))
    want = values(embedding)["table"][TOKENS.astype(int)]
    if padding is not None:
        want = want * (padding != TOKENS)[..., None]
    compare(embedding, TOKENS, want)


def test_harmonized_lookup():
    embedding = filled(SyntonicEmbedding(7, 5, padding_token=3))
    p = values(embedding)
    rows = ref.harmonization(ref.part(p, "harmonization"), p["table"][TOKENS.astype(int)] * math.sqrt(5))
    compare(embedding, TOKENS, ref.syntonic_norm(ref.part(p, "norm"), rows) * (TOKENS != 3)[..., None])


def test_winding_embedding():
    embedding = filled(WindingEmbedding(7, 5, num_windings=3))
    p = values(embedding)
    angles = 2 * np.pi * TOKENS[..., None] / 7 * np.array([1, 2, 5])
    waves = np.concatenate([np.cos(angles), np.sin(angles)], -1)
    compare(embedding, TOKENS, ref.syntonic_norm(ref.part(p, "norm"), ref.affine(p, waves, "linear")))


def test_winding_numbers_are_coprime():
    numbers = winding_numbers(12)
    assert numbers == [1, 2, 5, 9, 17, 29, 47, 77, 127, 211, 347, 563]
    assert all(math.gcd(a, b) == 1 for i, a in enumerate(numbers) for b in numbers[:i])


@pytest.mark.parametrize(("positional", "base"), [("golden", ref.PHI), ("standard", 10000.0)])
@pytest.mark.parametrize("d", [5, 6, 1])
def test_fixed_positions(positional, base, d):
    encoding = PositionalEncoding(d, 9, positional=positional)
    angle = np.arange(7)[:, None] / base ** (2 * (np.arange(d) // 2) / d)
    want = np.where(np.arange(d) % 2, np.cos(angle), np.sin(angle))
    for dtype, atol in zip(DTYPES, (1e-6, 1e-14), strict=True):
        for shape in [(7, d), (2, 7, d)]:
            got = np.asarray(encoding(Tensor.zeros(shape, dtype)))
            np.testing.assert_allclose(got, np.broadcast_to(want, shape), atol=atol)


def test_learned_positions():
    encoding = filled(PositionalEncoding(5, 9, positional="learned"))
    compare(encoding, X, X + values(encoding)["table"][:7])


def test_tokens_out_of_range():
    lookup, table = SyntonicEmbedding(7, 5, harmonize=False), filled(SyntonicEmbedding(7, 5, harmonize=False))
    for token in (7.0, -1.0, 1.5, math.nan):
        with pytest.raises(ValueError, match="token"):
            lookup(Tensor([[token, 0.0]]))
    x, y = Tensor([[2.0, 6.0]]), Tensor.zeros((1, 2, 5))
    same_bits(table, x, y, squares)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: PositionalEncoding(5, 6)(Tensor(X)), "length 7 is longer than the table of 6; raise max_len"),
        (lambda: PositionalEncoding(4)(Tensor(X)), r"\(..., length, 4\)"),
        (lambda: PositionalEncoding(5)(Tensor.zeros(5)), r"\(..., length, 5\)"),
        (lambda: PositionalEncoding(5, positional="silver"), "golden, standard or learned"),
        (lambda: PositionalEncoding(0), "at least 1"),
        (lambda: SyntonicEmbedding(0, 3), "vocabulary"),
        (lambda: SyntonicEmbedding(7, 3, padding_token=7), "0 to 6, got 7"),
        (lambda: WindingEmbedding(7, 3, num_windings=0), "at least one winding"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
