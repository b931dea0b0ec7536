"""Syntony of activations and the constants that meet them."""

import numpy as np
import pytest

from syntonic._core import PHI, Graph, Tensor
from syntonic.sn import Parameter
from syntonic.sn.constant import constant
from syntonic.sn.syntony import golden_weights, harmonized, mode_norms_squared, sample_syntony

X = np.random.default_rng(2).standard_normal((3, 5, 4))


def test_mode_norms():
    assert mode_norms_squared(4) == [0, 0.5625, 2.25, 5.0625]
    assert mode_norms_squared(3, "raw") == [0, 1, 4]
    assert mode_norms_squared(2, [0, 5]) == [0.0, 5.0]
    assert golden_weights([0.0, PHI]) == pytest.approx([1, np.exp(-1)])
    for bad, words in [("flat", "scaled"), ([1.0], "expected 2 mode norms, one for each feature, got 1")]:
        with pytest.raises(ValueError, match=words):
            mode_norms_squared(2, bad)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_syntony_of_samples_does_not_depend_on_their_scale(scale):
    weights = np.exp(-((3 * np.arange(4) / 4) ** 2) / PHI)
    want = (X**2 * weights).sum(-1, keepdims=True) / (X**2).sum(-1, keepdims=True)
    for dtype, tolerance in [("float32", 1e-5), ("float64", 1e-13)]:
        got = sample_syntony(Tensor(X * scale, dtype=dtype))
        np.testing.assert_allclose(np.asarray(got), want, rtol=tolerance)


def test_harmonizing_damps_high_modes_by_the_syntony_of_the_sample():
    x = Tensor(X, dtype="float64")
    s = sample_syntony(x)
    weights = np.exp(-((3 * np.arange(4) / 4) ** 2) / PHI)
    want = X * (1 - 0.5 * np.asarray(s) / PHI * (1 - weights))
    np.testing.assert_allclose(np.asarray(harmonized(x, s, strength=0.5)), want, rtol=1e-13)


def test_a_constant_has_the_format_of_what_it_meets():
    assert constant(Tensor.zeros(2, "float32"), [1.0]).dtype == "float32"
    assert constant(Tensor.zeros(2, "float64"), [1.0]).dtype == "float64"
    assert constant(Graph([]).input((2,)), [1.0]).dtype == "float64"


def test_rows_of_a_parameter_may_start_larger_than_others():
    plain, scaled = Parameter((3, 2)), Parameter((3, 2), row_gains=[0.0, 1.0, -2.0])
    for parameter in (plain, scaled):
        parameter.initialize(4, 0)
    want = np.asarray(plain.data.to_tensor("float64")) * [[0.0], [1.0], [-2.0]]
    assert np.array_equal(np.asarray(scaled.data.to_tensor("float64")), want)
    with pytest.raises(ValueError, match="a gain for each of 3 rows, got 2"):
        Parameter((3, 2), row_gains=[1.0, 2.0])
