"""Sums of more than 10^5 terms that one thread of a GPU makes, run on the CPU, against binary64.

Equal terms are the hardest case: in one long chain each addition would be rounded the same way.
"""

import numpy as np
import pytest
from emulation import Emulated, aligned

R, C = "(real*)p[{}]", "(const real*)p[{}]"
ONE, THREADS = (1, 1), (32, 1)
PRIME = 100_003  # a length that no block and no access of several numbers divides
TENTH = float(np.float32(0.1))
CLOSE = {"rtol": 1e-5}


def tenths(*shape):
    return aligned(np.full(shape, 0.1))


def test_the_mean_of_a_large_window(tmp_path):
    places = ", ".join(f"n[{i}]" for i in range(10))
    unit = Emulated(tmp_path, "pooling", {"avg_pool2d": f"{R.format(0)}, {C.format(1)}, {places}"})
    out = aligned(np.zeros(3))
    unit.run("avg_pool2d", ONE, THREADS, [out, tenths(400, 401, 3)], [3, 400, 401, 3, 400, 401, 1, 1, 1, 1])
    np.testing.assert_allclose(out, TENTH, **CLOSE)


@pytest.mark.parametrize("held", [False, True])
def test_attention_over_many_keys(tmp_path, held):
    sizes = ", ".join(f"n[{i}]" for i in range(6))
    head, more = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, {C.format(3)}", C.format(4)
    kernels = (
        {"attention_whole": f"{head}, {more}, {sizes}, d[0], n[6]"}
        if held
        else {
            "attention_weights": f"{R.format(0)}, {C.format(1)}, {C.format(2)}, {sizes}, n[6]",
            "attention_values": f"{head}, {sizes}, n[6]",
        }
    )
    unit = Emulated(tmp_path, "attention", kernels, (), ["ATTENTION_D=2", "ATTENTION_DV=2"] if held else ())
    values, out = tenths(PRIME, 2), aligned(np.zeros((1, 2)))
    given = [1, 1, PRIME, 2, 2, 0]  # one head, one query, the keys, both widths, not causal
    if held:
        query, key = tenths(1, 2), tenths(PRIME, 2)
        unit.run("attention_whole", ONE, THREADS, [out, query, key, values, None], [*given, 1], [1.0])
    else:
        weights = aligned(np.zeros(PRIME))
        unit.run("attention_weights", ONE, THREADS, [weights, tenths(PRIME), None], [*given, PRIME])
        np.testing.assert_allclose(weights, 1 / PRIME, **CLOSE)
        unit.run("attention_values", ONE, THREADS, [out, weights, values, None], [*given, 2])
    np.testing.assert_allclose(out, TENTH, **CLOSE)


def test_softmax_of_long_columns(tmp_path):
    strided = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, n[0], n[1], n[2], d[0]"
    unit = Emulated(tmp_path, "syntonic_softmax", {"softmax_identity_strided": strided}, ["rows.cuh"])
    out = aligned(np.zeros((PRIME, 2)))
    unit.run("softmax_identity_strided", ONE, THREADS, [out, tenths(PRIME, 2), None], [1, PRIME, 2], [1.0])
    np.testing.assert_allclose(out, 1 / PRIME, **CLOSE)


@pytest.mark.parametrize("inputs", [PRIME, 2**17, 4096, 7])
def test_products_of_long_rows(tmp_path, inputs):
    shared = f"(real*)p[0], (real*)p[1], (real*)p[2], {C.format(3)}, {C.format(4)}, n[0], n[1], n[2], n[3]"
    unit = Emulated(tmp_path, "generation", {"shared_linear": shared}, ["philox.cuh", "population.cuh"])
    base = aligned(np.zeros((2, 3)))
    x, w = tenths(3, inputs), tenths(2, inputs)
    unit.run("shared_linear", (2, 1), THREADS, [base, None, None, x, w], [3, inputs, 2, 0])
    np.testing.assert_allclose(base, TENTH**2 * inputs, rtol=2.5e-5)
    if inputs <= 4096:  # one chain, as ever
        chain = np.float32(0)
        for a, b in zip(x[0], w[0], strict=True):
            chain = np.float32(np.float64(a) * np.float64(b) + np.float64(chain))
        np.testing.assert_array_equal(base, chain)


def test_a_convolution_over_a_whole_image(tmp_path):
    places = ", ".join(f"n[{i}]" for i in range(14))
    kernel = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, {C.format(3)}, {places}"
    unit = Emulated(tmp_path, "convolution", {"conv2d_direct": kernel}, (), ["TILE_OUTPUTS=32"])
    out, image = aligned(np.zeros(2)), tenths(330, 331, 1)
    sizes = [330, 331, 1, 2, 330, 331, 1, 1, 0, 0, 1, 1]
    unit.run("conv2d_direct", ONE, THREADS, [out, image, tenths(2, 330, 331, 1), None], [0, 1, *sizes])
    np.testing.assert_allclose(out, TENTH**2 * image.size, **CLOSE)
