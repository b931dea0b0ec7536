"""Every operation against NumPy in binary64, with tolerances from the number of roundings."""

import numpy as np
import pytest
from ops_oracle import DTYPES, SHAPES, random, run, wide
from scipy import special

from syntonic import sn
from syntonic._core import ResonantTensor, Tensor
from syntonic.sn import functional as F


def gelu(x):
    x = wide(x)
    return x / 2 * (1 + np.tanh(np.sqrt(2 / wide(np.pi)) * (x + wide(0.044715) * x**3)))


# name: (function, reference, tolerance in epsilons relative to the result, and relative to the input)
ELEMENTWISE = {
    "relu": (F.relu, lambda x: np.maximum(wide(x), 0), 0, 0),
    # tanh is right to 4 ulp
    "tanh": (F.tanh, lambda x: np.tanh(wide(x)), 4, 0),
    # exp to 2.5 ulp, an addition, a division
    "sigmoid": (F.sigmoid, lambda x: 1 / (1 + np.exp(-wide(x))), 4, 0),
    # 1 + tanh cancels for negative x: its error of about 5 epsilons is scaled by x, as are those of the argument
    "gelu": (F.gelu, gelu, 4, 8),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name, shape, dtype):
    function, reference, relative, absolute = ELEMENTWISE[name]
    x = random(shape, dtype)
    got = run(function, x, dtype=dtype)
    assert got.shape == shape
    want, epsilon = reference(x), np.finfo(dtype).eps
    bound = epsilon * (relative * np.abs(want) + absolute * np.abs(x)) + np.finfo(dtype).tiny
    assert np.all(np.abs(wide(got) - want) <= bound)


@pytest.mark.parametrize("dtype", DTYPES)
def test_elementwise_special_values(dtype):
    big = np.finfo(dtype).max
    x = np.array([np.nan, np.inf, -np.inf, big, -big, 0.0, -0.0], dtype=dtype)
    want = {
        "relu": [np.nan, np.inf, 0, big, 0, 0, 0],
        "tanh": [np.nan, 1, -1, 1, -1, 0, 0],
        "sigmoid": [np.nan, 1, 0, 1, 0, 0.5, 0.5],
    }
    for name, values in want.items():
        np.testing.assert_array_equal(run(ELEMENTWISE[name][0], x, dtype=dtype), np.array(values, dtype=dtype), name)
    got = run(F.gelu, x, dtype=dtype)
    assert np.isnan(got[0])
    assert got[1] == np.inf
    np.testing.assert_array_equal(got[3:], [big, 0, 0, 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1,), (5,), (4, 9), (2, 3, 33), (0, 3)])
def test_softmax(shape, dtype):
    x = random(shape, dtype)
    got = run(F.softmax, x, dtype=dtype)
    shifted = wide(x) - wide(x).max(axis=-1, keepdims=True, initial=-np.inf)
    want = np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True)
    # x - max is rounded (relative to its size), exp to 2.5 ulp, n additions, a division
    bound = np.finfo(dtype).eps * (4 + shape[-1] + np.abs(shifted)) * want
    assert np.all(np.abs(wide(got) - want) <= bound)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_large_logits_does_not_overflow(dtype):
    x = np.array([[1e30, 1e30, -1e30], [-1e30, -2e30, -3e30]], dtype=dtype)
    np.testing.assert_array_equal(run(F.softmax, x, dtype=dtype), [[0.5, 0.5, 0], [1, 0, 0]])
    assert np.isnan(run(F.softmax, np.array([[np.nan, 1.0]]), dtype=dtype)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (17,), (3, 5), (33, 65)])
def test_mean_and_mse(shape, dtype):
    x, y = random(shape, dtype, 1), random(shape, dtype, 2)
    epsilon = np.finfo(dtype).eps
    got = run(F.mean, x, dtype=dtype)
    assert got.shape == ()
    assert abs(wide(got) - wide(x).mean()) <= epsilon * (x.size + 1) * np.abs(wide(x)).mean()
    squares = (wide(x) - wide(y)) ** 2
    assert abs(run(F.mse_loss, x, y, dtype=dtype) - squares.mean()) <= epsilon * (x.size + 4) * squares.mean()


def test_means_of_nothing_are_refused():
    empty = Tensor.zeros((0, 3))
    for call in [
        lambda: F.mean(empty),
        lambda: F.mse_loss(empty, empty),
        lambda: F.cross_entropy(empty, Tensor.zeros(0)),
        lambda: F.binary_cross_entropy(empty, empty),
        lambda: F.accuracy(empty, Tensor.zeros(0)),
    ]:
        with pytest.raises(ValueError, match="at least one"):
            call()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (6, 3), (65, 10)])
def test_cross_entropy_and_accuracy(shape, dtype):
    x = random(shape, dtype)
    labels = np.random.default_rng(4).integers(shape[1], size=shape[0])
    rows = np.arange(shape[0])
    terms = special.logsumexp(x.astype("float64"), axis=1) - x[rows, labels].astype("float64")
    got = run(F.cross_entropy, x, labels, dtype=dtype)
    # Each term holds logits, a sum of exponentials and its logarithm; the mean adds one rounding per row.
    bound = np.finfo(dtype).eps * (shape[0] + shape[1] + 12) * (np.abs(x).max(axis=1) + np.log(shape[1]) + 1).mean()
    assert abs(float(got) - terms.mean()) <= bound
    accuracy = run(F.accuracy, x, labels, dtype=dtype)
    np.testing.assert_allclose(accuracy, (x.argmax(axis=1) == labels).mean(), rtol=np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_edges(dtype):
    huge = np.array([[1e30, 0.0], [0.0, 1e30]])
    assert float(run(F.cross_entropy, huge, [0, 1], dtype=dtype)) == 0
    for bad in ([2.0], [-1.0], [0.5], [np.nan]):
        assert np.isnan(run(F.cross_entropy, np.zeros((1, 2)), np.array(bad), dtype=dtype))
    with pytest.raises(ValueError, match="labels"):
        F.cross_entropy(Tensor.zeros((2, 3)), Tensor.zeros((3,)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy(dtype):
    x, y = random((40,), dtype, scale=20), np.random.default_rng(1).uniform(0, 1, 40).astype(dtype)
    terms = np.logaddexp(0, wide(x)) - wide(x) * wide(y)
    bound = np.finfo(dtype).eps * 46 * (np.abs(x) + 1).mean()
    assert abs(run(F.binary_cross_entropy, x, y, dtype=dtype) - terms.mean()) <= bound
    labels = (y > 0.5).astype(dtype)
    share = run(F.binary_accuracy, x, labels, dtype=dtype)
    np.testing.assert_allclose(share, ((x > 0) == (labels > 0.5)).mean(), rtol=np.finfo(dtype).eps)
    # No overflow: the loss of a sure and right answer is 0, of a sure and wrong one its logit.
    assert float(run(F.binary_cross_entropy, [1e30, -1e30], [1, 0], dtype=dtype)) == 0
    assert float(run(F.binary_cross_entropy, [1000.0], [0], dtype=dtype)) == 1000


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("lead", "inner", "outer"),
    [((4,), 3, 2), ((), 5, 1), ((0,), 2, 3), ((2, 3), 17, 19), ((64,), 65, 33), ((1,), 1, 1)],
)
def test_linear(lead, inner, outer, bias, dtype):
    x = random((*lead, inner), dtype)
    w, b = ResonantTensor(random((outer, inner), "float64", 1)), ResonantTensor(random((outer,), "float64", 2))
    got = run(lambda x: F.linear(x, w, b if bias else None), x, dtype=dtype)
    assert got.shape == (*lead, outer)
    wf, bf = (np.asarray(t.to_tensor(dtype)) for t in (w, b))
    want = wide(x) @ wide(wf).T + bias * wide(bf)
    size = np.abs(wide(x)) @ np.abs(wide(wf)).T + bias * np.abs(wide(bf))
    assert np.all(np.abs(wide(got) - want) <= np.finfo(dtype).eps * (inner + 2) * size)


def test_linear_needs_sizes_that_fit():
    w = ResonantTensor.zeros((2, 3))
    for x, b in [((4, 2), None), ((), None), ((4, 3), (3,)), ((4, 3), (2, 1))]:
        with pytest.raises(ValueError, match="linear"):
            F.linear(Tensor.zeros(x), w, None if b is None else ResonantTensor.zeros(b))
    with pytest.raises(ValueError, match="linear"):
        F.linear(Tensor.zeros((4, 3)), ResonantTensor.zeros((3,)))


def test_linear_reads_the_weights_as_they_are_now():
    layer_weight = ResonantTensor.from_flux([[2.0]])
    x = Tensor([[1.5]])
    assert F.linear(x, layer_weight).item() == 3.0
    layer_weight.set_flux([4.0])
    assert F.linear(x, layer_weight).item() == 6.0


@pytest.mark.parametrize(
    ("module", "function"), [(sn.ReLU, F.relu), (sn.Sigmoid, F.sigmoid), (sn.Tanh, F.tanh), (sn.GELU, F.gelu)]
)
def test_activation_modules_call_their_function(module, function):
    x = Tensor(random((3, 4), "float32"))
    assert module()(x).tolist() == function(x).tolist()
    assert sn.Identity()(x) is x
