"""The golden residual against its formula."""

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI
MODES = {
    "phi": lambda i, r: i + r / PHI,
    "phi_symmetric": lambda i, r: (i + r) / PHI,
    "standard": lambda i, r: i + r,
}
ACTIVATIONS = {
    "none": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "gelu": lambda v: 0.5 * v * (1 + np.tanh(0.7978845608028654 * (v + 0.044715 * v**3))),
}


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 31, 255, 4096, 100_003])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("mode", MODES)
def test_formula(gpu, mode, activation, n):
    i, r = gpu.normal(n), gpu.normal(n)
    want = ACTIVATIONS[activation](MODES[mode](i.astype(np.float64), r.astype(np.float64)))
    got = gpu.up(i).phi_residual(gpu.up(r), mode, activation)
    # Two roundings of the sum; gelu's slope is below 1.2, and its tanh is good to a few units of v itself.
    gpu.near(got, want, np.abs(i) + np.abs(r), 16 if activation == "gelu" else 3)


def test_nan_is_not_rectified_away(gpu):
    x = gpu.up(np.array([np.nan, -1.0, np.inf, -np.inf]))
    got = gpu.down(x.phi_residual(gpu.up(np.zeros(4)), "phi", "relu"))
    np.testing.assert_array_equal(got, [np.nan, 0, np.inf, 0])


def test_memory_that_begins_in_the_middle_of_a_pack(gpu):
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(gpu.normal(1001)).cuda()
    shifted = _core.DeviceTensor.from_dlpack(x[1:])
    want = x[1:].double().cpu().numpy() * (1 + 1 / PHI)
    gpu.near(shifted.phi_residual(shifted), want, want, 3)


@pytest.mark.parametrize("shape", [(5, 7), (3, 128), (2, 3, 1000), (2, 40_000), (1, 300_001)])
@pytest.mark.parametrize("mode", MODES)
def test_layer_norm(gpu, mode, shape):
    i, r = gpu.normal(*shape), gpu.normal(*shape)
    gamma, beta = gpu.normal(shape[-1]), gpu.normal(shape[-1])
    v = MODES[mode](i.astype(np.float64), r.astype(np.float64))
    y = (v - v.mean(-1, keepdims=True)) / np.sqrt(v.var(-1, keepdims=True) + 1e-5)
    got = gpu.up(i).fused_residual(gpu.up(r), mode, "layer_norm", gamma=gpu.up(gamma), beta=gpu.up(beta))
    gpu.near(got, y * gamma + beta, np.abs(gamma) * (np.abs(y) + 1) + np.abs(beta), 32)


def test_shapes_and_formats_must_match(gpu):
    x = gpu.up(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="phi_residual: expected a residual of the shape"):
        x.phi_residual(gpu.up(np.zeros((3, 2))))
    other = _core.Tensor([0.0], dtype="float64" if gpu.dtype == np.float32 else "float32").to("cuda")
    with pytest.raises(TypeError, match="expected"):
        gpu.up(np.zeros(1)).phi_residual(other)
    with pytest.raises(ValueError, match="phi_symmetric"):
        x.phi_residual(x, "golden")
