"""Cross-entropy and accuracy whose rows are weighed, against NumPy."""

import numpy as np
import pytest
from ops_oracle import DTYPES, random, run, wide
from scipy import special

from syntonic._core import Tensor
from syntonic.sn import functional as F


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 2), (6, 3), (4, 5, 7)])
def test_weighted_means_over_rows(shape, dtype):
    x, rng = random(shape, dtype), np.random.default_rng(4)
    labels, w = rng.integers(shape[-1], size=shape[:-1]), rng.uniform(0.1, 2, shape[:-1]).astype(dtype)
    picked = np.take_along_axis(x, labels[..., None], -1)[..., 0]
    terms = special.logsumexp(wide(x).astype(float), axis=-1) - picked
    epsilon = np.finfo(dtype).eps
    got = run(F.cross_entropy, x, labels, w, dtype=dtype)
    bound = epsilon * (2 * w.size + shape[-1] + 16) * (np.abs(x).max() + np.log(shape[-1]) + 1)
    assert abs(got - np.average(terms, weights=wide(w))) <= bound
    got = run(F.accuracy, x, labels, w, dtype=dtype)
    assert abs(got - np.average(x.argmax(-1) == labels, weights=wide(w))) <= epsilon * (2 * w.size + 4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_weights_are_no_weights(dtype):
    x, labels = random((5, 3), dtype), np.array([0, 2, 1, 1, 0])
    for function in (F.cross_entropy, F.accuracy):
        assert run(function, x, labels, np.ones(5), dtype=dtype) == run(function, x, labels, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_weight_zero_may_hold_anything(dtype):
    x, labels = random((4, 3), dtype), np.array([0.0, -1.0, 2.0, np.nan])
    x[3] = np.nan
    w = np.array([1, 0, 3, 0])
    for function in (F.cross_entropy, F.accuracy):
        want = run(function, x[::2], labels[::2], w[::2], dtype=dtype)
        assert run(function, x, labels, w, dtype=dtype) == want
        assert np.isnan(run(function, x, labels, np.zeros(4), dtype=dtype))


def test_weights_refuse():
    x, labels = Tensor.zeros((2, 3)), Tensor.zeros(2)
    for function in (F.cross_entropy, F.accuracy):
        for bad in ([1.0, -1.0], [np.nan, 1.0]):
            with pytest.raises(ValueError, match="weights >= 0"):
                function(x, labels, Tensor(bad))
        with pytest.raises(ValueError, match="weights of the labels' shape"):
            function(x, labels, Tensor.zeros(3))
