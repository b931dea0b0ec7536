"""Every operation of a model on a GPU: the examples of its documentation, the numbers of the CPU, whole models."""

import doctest

import numpy as np
import pytest
from kinds_of_tasks import TASKS

from syntonic import _core
from syntonic._core import ResonantTensor, _operations
from syntonic.core import registry

NAMES = [name for name, *_ in _operations()]
NAN = float("nan")


def on_gpu(data, *rest, **named):
    return _core.Tensor(data, *rest, **named).to("cuda:0")


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_the_documentation(name):
    given = {"Tensor": on_gpu, "ResonantTensor": ResonantTensor}
    example = doctest.DocTestParser().get_doctest(getattr(_core.Tensor, name).__doc__, given, name, None, None)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def weights(*shape, seed=0):
    return ResonantTensor.randn(shape, seed=seed, mode_norms=[0.0] * shape[-1])


# Each operation that is no formula, as it is called on tensors of these shapes.
CALLS = {
    "clamp": (lambda x: x.clamp(-0.5, 0.5), [(7, 5)]),
    "number on the left": (lambda x: 1 / (2.5 - x * x), [(7, 5)]),
    "columns that repeat": (lambda x, y: x + y, [(3, 1, 5), (4, 1)]),
    "sum of two axes": (lambda x: x.sum((0, 2)), [(3, 4, 5, 2)]),
    "mean of none": (lambda x: x.mean((), True), [(3, 4)]),
    "var of the first and last": (lambda x: x.var((0, -1), True), [(6, 3, 5)]),
    "max of all": (lambda x: x.max(), [(3, 4)]),
    "min of columns": (lambda x: x.min(0), [(33, 5)]),
    "transpose": (lambda x: x.transpose(0, -1), [(3, 4, 5)]),
    "permute": (lambda x: x.permute((2, 0, 3, 1)), [(3, 4, 5, 2)]),
    "concat of rows": (lambda x, y: x.concat([y, x], 0), [(3, 4), (2, 4)]),
    "concat of columns": (lambda x, y: x.concat([y], -1), [(2, 3, 4), (2, 3, 1)]),
    "narrow": (lambda x: x.narrow(1, 2, 3), [(4, 7, 3)]),
    "narrow to nothing": (lambda x: x.narrow(0, 2, 0), [(4, 7)]),
    "index_select": (lambda x: x.index_select(1, [3, 0, 3]), [(2, 5, 3)]),
    "expand": (lambda x: x.expand((4, 3, 5)), [(3, 1)]),
    "reshape": (lambda x: x.reshape((-1, 2)), [(3, 4)]),
    "take": (lambda x: x.take([2, 0]), [(3, 4)]),
    "matmul with stacks that repeat": (lambda x, y: x.matmul(y), [(2, 1, 4, 3), (5, 3, 6)]),
    "linear": (lambda x: x.linear(weights(6, 5), weights(6, seed=1)), [(2, 3, 5)]),
    "affine": (lambda x: x.affine(weights(5), weights(5, seed=1)), [(4, 5)]),
    "embedding": (lambda x: (x.clamp(0, 0) + 2).embedding(weights(4, 3)), [(2, 5)]),
    "parameter": (lambda x: x * x.parameter(weights(5)), [(3, 5)]),
    "conv1d": (lambda x: x.conv1d(weights(4, 3, 2), weights(4, seed=1), 2, 1), [(2, 9, 2)]),
    "conv2d": (lambda x: x.conv2d(weights(4, 3, 2, 2), None, (2, 1), 1), [(2, 7, 6, 2)]),
    "max_pool1d": (lambda x: x.max_pool1d(3, 2), [(2, 9, 3)]),
    "avg_pool2d": (lambda x: x.avg_pool2d((2, 3)), [(2, 7, 6, 3)]),
    "softmax of columns": (lambda x: x.softmax(0), [(9, 4)]),
    "learned softmax": (lambda x: x.syntonic_softmax(-1, [0.5 * i for i in range(7)], None, 0.7), [(3, 7)]),
    "provided softmax": (lambda x: x.syntonic_softmax(-1, None, x * x, 2.0), [(3, 7)]),
    "layer_norm": (lambda x: x.layer_norm(1e-5, 0.6), [(5, 33)]),
    "batch_norm": (lambda x: x.batch_norm(1e-5, 0.6), [(5, 4, 3)]),
    "phi_residual": (lambda x, y: x.phi_residual(y, "phi_symmetric", "layer_norm"), [(5, 33), (5, 33)]),
    "dropout": (lambda x: x.dropout(0.3, 2), [(7, 11)]),
    "attention": (lambda q, k, v: q.attention(k, v, 2, True), [(2, 5, 6), (2, 5, 6), (2, 5, 4)]),
    "masked attention": (
        lambda q, k, v, m: q.attention(k, v, 2, key_mask=m.clamp(0, 9)),
        [(2, 5, 6), (2, 7, 6), (2, 7, 4), (2, 7)],
    ),
    "cross_entropy": (lambda x, y: x.cross_entropy(y * 0 + 2), [(6, 4), (6,)]),
    "weighted cross_entropy": (lambda x, y: x.cross_entropy(y * 0 + 2, y * y), [(2, 3, 4), (2, 3)]),
    "binary_cross_entropy": (lambda x, y: x.binary_cross_entropy(y.sigmoid()), [(6, 4), (6, 4)]),
    "mse": (lambda x, y: x.mse(y), [(6, 4), (6, 4)]),
    "accuracy": (lambda x, y: x.accuracy(y * 0 + 2), [(16, 4), (16,)]),
    "weighted accuracy": (lambda x, y: x.accuracy(y * 0 + 2, y * y), [(16, 4), (16,)]),
    "binary_accuracy": (lambda x, y: x.binary_accuracy(y), [(6, 4), (6, 4)]),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_numbers_of_the_cpu(gpu, name):
    call, shapes = CALLS[name]
    arrays = [gpu.normal(*shape) for shape in shapes]
    want = np.asarray(call(*(_core.Tensor(x, dtype=str(gpu.dtype)) for x in arrays)))
    got = call(*map(gpu.up, arrays))
    assert got.device == "cuda:0"
    gpu.near(got, want, np.abs(want) + np.abs(want).max(initial=0) + 1, 64)
    np.testing.assert_array_equal(gpu.down(call(*map(gpu.up, arrays))), gpu.down(got), "a second run has the same bits")


def test_tokens_that_name_no_row_give_nan(gpu):
    got = gpu.down(gpu.up([0.0, 4.0, -1.0, 0.5, NAN]).embedding(weights(4, 2)))
    assert not np.isnan(got[0]).any()
    assert np.isnan(got[1:]).all()


def test_nothing_is_copied_unasked(gpu):
    x, here = gpu.up(np.ones(3)), _core.Tensor(np.ones(3), dtype=str(gpu.dtype))
    for call in (lambda: x + here, lambda: here + x, lambda: x.mse(here)):
        with pytest.raises(ValueError, match=r"all tensors on .*\.to\("):
            call()
    with pytest.raises((BufferError, ValueError), match="cpu"):
        memoryview(x)
    with pytest.raises(TypeError, match="float"):
        x + gpu.up(np.ones(3)).cpu().astype("float32" if gpu.dtype == np.float64 else "float64").to("cuda")


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("name", registry.names("model"))
def test_a_model_runs_on_a_gpu(name, kind):
    task, rng = TASKS[kind], np.random.default_rng(8)
    try:
        model = registry.lookup("model", name)(task)
    except ValueError:
        return  # a task of another kind
    model.initialize(3)
    shape = (9, *task.input_shape)
    x = _core.Tensor((rng.integers(5, size=shape) if task.vocabulary else rng.standard_normal(shape)).astype(float))
    want = np.asarray(model(x))
    got = model(x.to("cuda:0"))
    assert got.device == "cuda:0"
    np.testing.assert_allclose(np.asarray(got.cpu()), want, rtol=2e-4, atol=2e-4)
