"""Norms and statistics of finite numbers whose sums or squares leave their format."""

import numpy as np
import pytest

from syntonic._core import (
    GoldenBatchNormConfig,
    GoldenBatchNormState,
    ResonantTensor,
    Tensor,
    golden_layer_norm,
)

ENDS = {"float32": [1e25, 3e38, 1e19, -2.5e30], "float64": [1e200, 1.7e308, 1e154, -2.5e250]}
DTYPES = list(ENDS)


def columns(line: list[float], dtype: str) -> Tensor:
    return Tensor([[x, 1.0] for x in line], dtype=dtype)


# Each norm, as what it makes of one line of numbers.
NORMS = {
    "layer_norm": lambda line, dtype: Tensor(line, dtype=dtype).layer_norm().tolist(),
    "layer_norm of a stack": lambda line, dtype: Tensor([line, line[::-1]], dtype=dtype).layer_norm().tolist()[0],
    "batch_norm": lambda line, dtype: [y for y, _ in columns(line, dtype).batch_norm().tolist()],
    "phi_residual_layer_norm": lambda line, dtype: (
        Tensor(line, dtype=dtype).phi_residual(Tensor.zeros((len(line),), dtype=dtype), "phi", "layer_norm").tolist()
    ),
    "golden_layer_norm": lambda line, dtype: [
        y * 1.618033988749895**0.5 for y in golden_layer_norm(Tensor(line, dtype=dtype)).tolist()
    ],
    "golden_batch_norm": lambda line, dtype: [
        y * 1.618033988749895**0.5
        for y, _ in GoldenBatchNormState(GoldenBatchNormConfig(2)).forward(columns(line, dtype)).tolist()
    ],
    "golden_batch_norm of images": lambda line, dtype: [
        y * 1.618033988749895**0.5
        for y in GoldenBatchNormState(GoldenBatchNormConfig(1)).forward(Tensor([[line]], dtype=dtype)).tolist()[0][0]
    ],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NORMS)
def test_norms_of_large_numbers(name, dtype):
    for x in ENDS[dtype]:
        np.testing.assert_allclose(NORMS[name]([x, -x], dtype), np.sign([x, -x]), rtol=1e-6)
        np.testing.assert_allclose(
            NORMS[name]([x, 0.0, -x], dtype), 1.5**0.5 * np.sign([x, 0, -x]), rtol=1e-6, atol=1e-6
        )
        assert NORMS[name]([x] * 3, dtype) == [0.0] * 3
        assert NORMS[name]([x] * 700, dtype) == [0.0] * 700


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_whose_squares_are_nothing_without_an_eps(dtype):
    x = 1e-30 if dtype == "float32" else 1e-200
    for y in (
        Tensor([x, -x], dtype=dtype).layer_norm(eps=0.0),
        Tensor([[x], [-x]], dtype=dtype).batch_norm(eps=0.0).reshape((2,)),
    ):
        np.testing.assert_allclose(y.tolist(), [1.0, -1.0], rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_line_with_a_number_that_is_none_stays_nan_and_others_do_not(dtype):
    x = ENDS[dtype][1]
    for bad in (float("inf"), float("nan")):
        rows = Tensor([[bad, 1.0], [x, -x]], dtype=dtype).layer_norm().tolist()
        assert np.isnan(rows[0]).all()
        np.testing.assert_allclose(rows[1], [1.0, -1.0], rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_and_means_that_pass_the_end_on_their_way(dtype):
    x = ENDS[dtype][1]
    line = Tensor([x, x, -x, -x], dtype=dtype)
    table = Tensor([[x, 1.0], [x, 2.0], [-x, 3.0], [-x, 4.0]], dtype=dtype)
    assert line.sum().item() == 0.0
    assert line.mean().item() == 0.0
    assert line.var().item() == float("inf")
    assert table.sum(0).tolist() == [0.0, 10.0]
    assert table.mean(0).tolist() == [0.0, 2.5]
    assert table.transpose(0, 1).mean(1).tolist() == [0.0, 2.5]
    most = Tensor([x] * 5, dtype=dtype)
    assert most.mean().item() == pytest.approx(x)
    assert most.var().item() == 0.0
    assert most.sum().item() == float("inf")
    assert Tensor([x, float("inf")], dtype=dtype).mean().item() == float("inf")
    stack = Tensor(np.array([[[x, 1.0], [x, 2.0]], [[x, 3.0], [x, 4.0]]]), dtype=dtype)
    assert stack.mean((0, 1)).tolist() == [pytest.approx(x), 2.5]
    assert stack.mean((0, 2)).tolist() == [pytest.approx(x / 2), pytest.approx(x / 2)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_numbers_at_both_ends(dtype):
    x = ENDS[dtype][1]
    assert Tensor([x, -x], dtype=dtype).softmax().tolist() == [1.0, 0.0]
    assert Tensor([x, x], dtype=dtype).softmax().tolist() == [0.5, 0.5]
    assert Tensor([-float("inf")] * 2, dtype=dtype).softmax().tolist() == [0.5, 0.5]
    assert Tensor([-float("inf"), -x], dtype=dtype).softmax().tolist() == [0.0, 1.0]


def test_running_statistics_of_large_numbers():
    state = GoldenBatchNormState(GoldenBatchNormConfig(1, momentum=1.0))
    state.forward(Tensor([[3e38], [1e38]]))
    assert state.running_mean() == [pytest.approx(2e38)]
    assert state.running_var() == [pytest.approx(1e76)]


def test_resonant_norms_and_statistics():
    x = ResonantTensor.from_flux([1e200, -1e200], (2,), mode_norms=[0.0, 0.0])
    x.wake_flux()
    for golden, size in ((False, 1.0), (True, 1.618033988749895**-0.5)):
        np.testing.assert_allclose(x.layer_norm(golden_target=golden).to_floats(), [size, -size])
