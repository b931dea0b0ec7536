"""Golden layer norm and batch norm against the formulas, hostile offsets among the inputs."""

import numpy as np
import pytest

T = 0.6180339887498949


def layer_norm(x, variance, eps):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * np.sqrt(variance)


@pytest.mark.parametrize(
    "shape", [(1, 1), (4, 3), (9, 32), (7, 100), (3, 1024), (5, 2050), (2, 32_768), (1, 131_072), (2, 200_001)]
)
def test_layer_norm(gpu, shape):
    x, gamma, beta = gpu.normal(*shape), gpu.normal(shape[-1]), gpu.normal(shape[-1])
    y = layer_norm(x.astype(np.float64), T, 1e-5)
    gpu.near(gpu.up(x).layer_norm(1e-5, T), y, np.abs(y) + 1, 32)
    got = gpu.up(x).fused_layer_norm(1e-5, T, gamma=gpu.up(gamma), beta=gpu.up(beta))
    gpu.near(got, y * gamma + beta, np.abs(gamma) * (np.abs(y) + 1) + np.abs(beta), 32)


def test_an_offset_common_to_a_row_costs_no_more_than_its_own_rounding(gpu):
    offset = 1e4 if gpu.dtype == np.float32 else 1e12
    x = gpu.normal(6, 1000, shift=offset)
    y = layer_norm(x.astype(np.float64), 1.0, 0.0)
    # The mean itself is a number of this format: it errs by a few roundings of the offset.
    gpu.near(gpu.up(x).layer_norm(0.0), y, offset * np.ones_like(y), 16)


def batch_norm(x, axes, gamma, beta, eps=1e-5):
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps) * np.sqrt(T) * gamma + beta, mean.ravel(), var.ravel()


SHAPES = [
    (2, 1),
    (33, 7),
    (1000, 65),
    (3, 5, 7),
    (4, 3, 8, 8),
    (2, 3, 5, 5),
    (64, 64, 16, 16),
    (8, 2, 64, 64),
    (3, 1, 300, 300),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channel_last", [False, True])
def test_batch_norm(gpu, shape, channel_last):
    axis = len(shape) - 1 if channel_last else 1
    channels = shape[axis]
    axes = tuple(i for i in range(len(shape)) if i != axis)
    along = [channels if i == axis else 1 for i in range(len(shape))]
    x, gamma, beta = gpu.normal(*shape, scale=2, shift=0.5), gpu.normal(channels), gpu.normal(channels)
    # In float64 the sums of a plain formula err as much as those of the kernel, so the oracle has more digits.
    wide = [a.astype(np.longdouble) for a in (x, gamma.reshape(along), beta.reshape(along))]
    y, mean, var = (a.astype(np.float64) for a in batch_norm(wide[0], axes, wide[1], wide[2]))
    got, got_mean, got_var = gpu.up(x).fused_batch_norm(
        1e-5, T, gamma=gpu.up(gamma), beta=gpu.up(beta), channel_last=channel_last
    )
    spread = np.sqrt(var.reshape(along) + 1e-5)
    scale = np.abs(wide[1]) * (np.abs(wide[0]) + np.abs(mean.reshape(along)) + spread) / spread + np.abs(wide[2])
    # A thread adds many values one after another; their roundings wander about as far as the root of their number.
    walk = 16 + np.sqrt(x.size / channels) / 4
    gpu.near(got, y, scale, walk)
    gpu.near(got_mean, mean, np.abs(mean) + np.sqrt(var), walk)
    gpu.near(got_var, var, var, walk)


@pytest.mark.parametrize("channel_last", [False, True])
def test_an_offset_does_not_spoil_the_variance(gpu, channel_last):
    offset = 1e4 if gpu.dtype == np.float32 else 1e8
    x = gpu.normal(64, 8, 16, 16, shift=offset)
    axes = (0, 1, 2) if channel_last else (0, 2, 3)
    _, mean, var = gpu.up(x).fused_batch_norm(1e-5, T, channel_last=channel_last)
    exact = x.astype(np.longdouble)
    gpu.near(var, exact.var(axes).astype(np.float64), exact.var(axes).astype(np.float64), 1e4 * 2e-16 / gpu.eps + 16)
    gpu.near(mean, exact.mean(axes).astype(np.float64), offset * np.ones(mean.size), 2)


def test_given_statistics(gpu):
    x, mean, var = gpu.normal(6, 4, 3, 3), gpu.normal(4), np.abs(gpu.normal(4)) + 1
    wide = x.astype(np.float64) - mean.reshape(1, 4, 1, 1)
    want = wide / np.sqrt(var.reshape(1, 4, 1, 1).astype(np.float64) + 1e-5)
    got, _, _ = gpu.up(x).fused_batch_norm(1e-5, 1.0, mean=gpu.up(mean), var=gpu.up(var))
    gpu.near(got, want, np.abs(x) + np.abs(mean.reshape(1, 4, 1, 1)) + 1, 8)


def test_output_has_the_golden_variance(gpu):
    got = gpu.down(gpu.up(gpu.normal(32, 3, 8, 8)).fused_batch_norm(1e-5, T)[0])
    assert np.abs(got.var((0, 2, 3)) - T).max() < 1e-3


def test_refusals(gpu):
    x = gpu.up(np.zeros((2, 3)))
    for bad in (lambda: gpu.up(np.zeros(3)).fused_batch_norm(), lambda: gpu.up(np.zeros((0, 3))).fused_batch_norm()):
        with pytest.raises(ValueError, match="batch_norm"):
            bad()
    with pytest.raises(ValueError, match=r"expected shape \(3,\)"):
        x.fused_batch_norm(gamma=gpu.up(np.ones(2)))
    with pytest.raises(ValueError, match="both mean and var"):
        x.fused_batch_norm(mean=gpu.up(np.ones(3)))
    with pytest.raises(ValueError, match="eps"):
        x.layer_norm(-1.0)
