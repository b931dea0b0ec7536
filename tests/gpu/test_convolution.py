"""Convolution and pooling against plain loops over the window."""

import numpy as np
import pytest


def conv2d(x, w, stride, padding):
    x = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)])
    rows, columns = ((x.shape[1 + i] - w.shape[1 + i]) // stride[i] + 1 for i in (0, 1))
    out = np.zeros((x.shape[0], rows, columns, w.shape[0]))
    for r in range(w.shape[1]):
        for c in range(w.shape[2]):
            window = x[
                :, r : r + stride[0] * (rows - 1) + 1 : stride[0], c : c + stride[1] * (columns - 1) + 1 : stride[1]
            ]
            out += window @ w[:, r, c].T
    return out


CASES = [
    ((1, 1, 1, 1), (1, 1, 1), (1, 1), (0, 0)),
    ((2, 5, 7, 3), (4, 3, 3), (1, 1), (1, 1)),
    ((3, 9, 8, 5), (7, 2, 3), (2, 1), (0, 2)),
    ((2, 14, 14, 32), (65, 3, 3), (1, 1), (1, 1)),
    ((4, 16, 16, 64), (130, 3, 3), (2, 2), (1, 1)),
    ((1, 4, 4, 8), (2, 4, 4), (1, 1), (0, 0)),
    ((2, 30, 31, 4), (64, 1, 1), (1, 1), (0, 0)),
    ((1, 6, 6, 2), (3, 2, 2), (3, 3), (5, 4)),
]


@pytest.mark.parametrize(("shape", "kernel", "stride", "padding"), CASES)
@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("relu", [False, True])
def test_conv2d(gpu, shape, kernel, stride, padding, direct, relu):
    x, w, b = gpu.normal(*shape), gpu.normal(*kernel, shape[-1]), gpu.normal(kernel[0])
    wide = [a.astype(np.float64) for a in (x, w, b)]
    want = conv2d(wide[0], wide[1], stride, padding) + wide[2]
    scale = conv2d(np.abs(wide[0]), np.abs(wide[1]), stride, padding) + np.abs(wide[2])
    got = gpu.up(x).fused_conv2d(gpu.up(w), gpu.up(b), stride, padding, relu=relu, direct=direct)
    gpu.near(got, np.maximum(want, 0) if relu else want, scale, 32)
    if not relu:
        gpu.near(gpu.up(x).fused_conv2d(gpu.up(w), None, stride, padding, direct=direct), want - wide[2], scale, 32)


def test_im2col_times_the_kernel_is_the_convolution(gpu):
    x, w = gpu.normal(2, 6, 5, 3), gpu.normal(4, 3, 2, 3)
    rows = gpu.up(x).im2col((3, 2), (1, 2), (1, 0))
    got = gpu.down(rows) @ w.reshape(4, -1).T.astype(np.float64)
    np.testing.assert_allclose(
        got, conv2d(x.astype(np.float64), w.astype(np.float64), (1, 2), (1, 0)), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize(
    ("shape", "size", "stride"),
    [
        ((1, 2, 2, 1), (2, 2), None),
        ((3, 9, 7, 5), (3, 2), (2, 3)),
        ((2, 8, 8, 33), (2, 2), None),
        ((0, 4, 4, 2), (2, 2), None),
    ],
)
def test_pooling(gpu, shape, size, stride):
    x = gpu.normal(*shape)
    step = stride or size
    rows, columns = ((shape[1 + i] - size[i]) // step[i] + 1 for i in (0, 1))
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), size, (1, 2))[:, :: step[0], :: step[1]]
    windows = windows[:, :rows, :columns]
    gpu.near(gpu.up(x).max_pool2d(size, stride), windows.max((-2, -1)), 1, 0)
    gpu.near(gpu.up(x).avg_pool2d(size, stride), windows.mean((-2, -1)), np.abs(windows).mean((-2, -1)), 8)
    if shape[0]:
        gpu.near(gpu.up(x).global_avg_pool2d(), x.astype(np.float64).mean((1, 2)), np.abs(x).mean((1, 2)), 2)


def test_refusals(gpu):
    x, w = gpu.up(np.ones((1, 3, 3, 2))), gpu.up(np.ones((1, 4, 1, 2)))
    with pytest.raises(ValueError, match="within 3 by 3"):
        x.fused_conv2d(w)
    with pytest.raises(ValueError, match=r"padding.*18446744073709551615"):
        x.fused_conv2d(w, padding=(2**64 - 1, 0))
    with pytest.raises(ValueError, match=r"padding.*9223372036854775807"):
        x.im2col((1, 1), padding=(0, 2**63 - 1))
    with pytest.raises(ValueError, match="elements"):
        x.im2col((2**39, 2**39), padding=(2**38, 2**38))
    with pytest.raises(ValueError, match="strides of at least 1"):
        x.fused_conv2d(w, stride=(0, 1))
    with pytest.raises(ValueError, match="2 input channels"):
        x.fused_conv2d(gpu.up(np.ones((1, 1, 1, 3))))
    with pytest.raises(ValueError, match="at least as large as the window"):
        x.max_pool2d((4, 1))
    with pytest.raises(ValueError, match="at least 1"):
        x.avg_pool2d((0, 1))
