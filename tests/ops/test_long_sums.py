"""Every operation that adds, over more than 10^5 terms in binary32, against the same in binary64.

Equal terms are the hardest case: in one long chain each addition would be rounded the same way.
"""

import numpy as np
import pytest

from syntonic._core import GoldenBatchNormConfig, GoldenBatchNormState, ResonantTensor, Tensor

N = 2**20 + 12_345
FEW = 3
PRIME = 100_003  # a length that no block divides


def numbers(kind: str, *shape: int) -> np.ndarray:
    if kind == "equal":
        return np.full(shape, 0.1, np.float32)
    generator = np.random.default_rng(7)
    return (generator.random(shape) + (0.5 if kind == "positive" else 100.0)).astype(np.float32)


def weight(values: np.ndarray) -> ResonantTensor:
    norms = [0.0] * values.shape[-1]
    return ResonantTensor(values.astype(float).ravel().tolist(), values.shape, mode_norms=norms, precision=1_000_000)


def labels(count: int, classes: int) -> np.ndarray:
    return (np.arange(count) % classes).astype(np.float32)


# name: (the shapes of the inputs, what is done with them)
CALLS = {
    "sum": ([(N,)], lambda x: x.sum()),
    "sum of two axes": ([(2, N // 2)], lambda x: x.sum((0, 1))),
    "sum of rows": ([(FEW, N)], lambda x: x.sum(1)),
    "sum of columns": ([(N, FEW)], lambda x: x.sum(0)),
    "sum of the outer axes": ([(N // 4, FEW, 4)], lambda x: x.sum((0, 2))),
    "mean": ([(N,)], lambda x: x.mean()),
    "mean of columns": ([(N, FEW)], lambda x: x.mean(0)),
    "variance": ([(N,)], lambda x: x.var()),
    "variance of columns": ([(N, FEW)], lambda x: x.var(0)),
    "mse": ([(N,), (N,)], lambda x, y: x.mse(y * 0.5)),
    "binary_cross_entropy": ([(N,), (N,)], lambda x, y: x.binary_cross_entropy(y * 0.5)),
    "binary_accuracy": ([(N,), (N,)], lambda x, y: x.binary_accuracy(y * 0 + 1)),
    "softmax": ([(FEW, PRIME)], lambda x: x.softmax()),
    "softmax of columns": ([(PRIME, FEW)], lambda x: x.softmax(0)),
    "syntonic_softmax": ([(FEW, PRIME)], lambda x: x.syntonic_softmax(-1, [0.1] * PRIME)),
    "product of vectors": ([(N,), (N,)], lambda x, y: x.matmul(y)),
    "product": ([(9, PRIME), (PRIME, 5)], lambda x, y: x.matmul(y)),
    "product of tiles": ([(8, 2**17), (2**17, 32)], lambda x, y: x.matmul(y)),
    "avg_pool1d": ([(1, N, FEW)], lambda x: x.avg_pool1d(N)),
    "avg_pool2d": ([(1, 400, 400, FEW)], lambda x: x.avg_pool2d(400)),
    "attention": ([(1, FEW, 4), (1, PRIME, 4), (1, PRIME, 4)], lambda q, k, v: q.attention(k, v, 2)),
    "sum by operators": ([(N,), (N,)], lambda x, y: (x * y + 1).sum()),
}


@pytest.mark.parametrize("kind", ["equal", "positive", "offset"])
@pytest.mark.parametrize("name", CALLS)
def test_sums_of_many_terms(name, kind):
    shapes, call = CALLS[name]
    arrays = [numbers(kind, *shape) for shape in shapes]
    single = np.asarray(call(*(Tensor(x, dtype="float32") for x in arrays)))
    double = np.asarray(call(*(Tensor(x, dtype="float64") for x in arrays)))
    if name.startswith("variance"):
        size = 1e-12 + np.abs(double)
        assert np.all(np.abs(single - double) <= 1e-5 * size), (single, double)
        return
    # The sums of a product's blocks are added one after the other.
    np.testing.assert_allclose(single, double, rtol=2.5e-5 if name.startswith("product") else 1e-5)


@pytest.mark.parametrize("name", ["cross_entropy", "accuracy"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("rows", "classes"), [(N, 10), (2, PRIME)])
def test_means_of_many_rows_or_classes(name, weighted, rows, classes):
    logits = np.zeros((rows, classes), np.float32)
    logits[:, 0] = 0.25
    weights = [numbers("positive", rows)] if weighted else []
    arrays = [logits, labels(rows, classes), *weights]
    single, double = (
        getattr(Tensor(logits, dtype=d), name)(*(Tensor(x, dtype=d) for x in arrays[1:])).item()
        for d in ("float32", "float64")
    )
    assert single == pytest.approx(double, rel=1e-5)


def test_equal_rows_cost_what_one_costs():
    zeros = Tensor.zeros((10**6, 10)).cross_entropy(Tensor.zeros((10**6,))).item()
    assert zeros == pytest.approx(np.log(10), rel=1e-6)


def test_a_share_of_more_rows_than_a_float_counts():
    rows = 2**24 + 2**20
    x = Tensor.full((rows,), 1.0)
    assert x.binary_accuracy(x).item() == 1.0
    assert x.sum().item() == rows


@pytest.mark.parametrize("axes", ["layer_norm", "batch_norm"])
@pytest.mark.parametrize("kind", ["positive", "offset"])
def test_norms_of_many_numbers(axes, kind):
    x = numbers(kind, 2, PRIME) if axes == "layer_norm" else numbers(kind, PRIME, 2)
    single, double = (np.asarray(getattr(Tensor(x, dtype=d), axes)()) for d in ("float32", "float64"))
    np.testing.assert_allclose(single, double, atol=2e-5)


def test_a_phi_residual_layer_norm_of_many_numbers():
    x = numbers("positive", 2, PRIME)
    single, double = (
        np.asarray(Tensor(x, dtype=d).phi_residual(Tensor(x[::-1].copy(), dtype=d), "phi", "layer_norm"))
        for d in ("float32", "float64")
    )
    np.testing.assert_allclose(single, double, atol=2e-5)


@pytest.mark.parametrize("shape", [(PRIME, 2), (2, 2, PRIME)])
def test_batch_statistics_of_many_numbers(shape):
    x = numbers("offset", *shape)
    single, double = (
        np.asarray(GoldenBatchNormState(GoldenBatchNormConfig(2)).forward(Tensor(x, dtype=d), training=True))
        for d in ("float32", "float64")
    )
    np.testing.assert_allclose(single, double, atol=2e-5)


@pytest.mark.parametrize("kind", ["equal", "positive"])
def test_layers_of_many_inputs(kind):
    x, w = numbers(kind, 5, PRIME), weight(numbers(kind, 3, PRIME))
    single, double = (np.asarray(Tensor(x, dtype=d).linear(w)) for d in ("float32", "float64"))
    np.testing.assert_allclose(single, double, rtol=1e-5)


@pytest.mark.parametrize("kind", ["equal", "positive"])
def test_convolutions_of_long_kernels(kind):
    x, w = numbers(kind, 1, PRIME + 5, 2), weight(numbers(kind, 3, PRIME, 2))
    single, double = (np.asarray(Tensor(x, dtype=d).conv1d(w)) for d in ("float32", "float64"))
    np.testing.assert_allclose(single, double, rtol=1e-5)
    x, w = numbers(kind, 1, 400, 400, 1), weight(numbers(kind, 2, 400, 397, 1))
    single, double = (np.asarray(Tensor(x, dtype=d).conv2d(w)) for d in ("float32", "float64"))
    np.testing.assert_allclose(single, double, rtol=1e-5)
