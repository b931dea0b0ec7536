"""The snap: the integers of the CPU, number for number."""

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI
PRECISIONS = [1, 2, 3, 8, 32, 100, 1000, 4096, 5000, 1_000_003, _core.MAX_PRECISION]


def cpu_snap(x, precision):
    tensor = _core.ResonantTensor(x.astype(np.float64), shape=[x.size], precision=precision)
    a, b = zip(*tensor.lattice(), strict=True)
    return np.array(a, dtype=np.int64), np.array(b, dtype=np.int64)


def numbers(gpu, precision):
    end = precision * (1 + PHI)
    points = gpu.rng.integers(-precision, precision + 1, (2, 2000)).astype(np.float64)
    halves = gpu.rng.integers(-2 * precision, 2 * precision + 1, (2, 2000)) / 2
    near_a_tie = (halves[0] + halves[1] * PHI).astype(gpu.dtype)
    special = [0.0, -0.0, 0.5, -0.5, 1e-300, 5e-324, -1e-30, end, -end, 2 * end, 1e30, -1e30, end / 2, 163.84, 163.83]
    return np.concatenate(
        [
            gpu.normal(20_000),
            gpu.normal(5000, scale=0.01),
            (gpu.rng.uniform(-1.1, 1.1, 20_000) * end).astype(gpu.dtype),
            (points[0] + points[1] * PHI).astype(gpu.dtype),
            near_a_tie,
            np.nextafter(near_a_tie, gpu.dtype.type(np.inf)),
            np.nextafter(near_a_tie, gpu.dtype.type(-np.inf)),
            (gpu.rng.integers(-1000, 1000, 500) / 2).astype(gpu.dtype),
            np.array(special).astype(gpu.dtype),
        ]
    )


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_integers_of_the_cpu(gpu, precision):
    x = numbers(gpu, precision)
    want_a, want_b = cpu_snap(x, precision)
    a, b = (gpu.down(t) for t in gpu.up(x).snap(precision))
    wrong = np.flatnonzero((a != want_a) | (b != want_b))
    first = wrong[:1]
    assert not wrong.size, (
        f"{wrong.size} differ, first x={x[first]!r}: {a[first]}, {b[first]} for {want_a[first]}, {want_b[first]}"
    )


@pytest.mark.parametrize("precision", [100, 1_000_003, _core.MAX_PRECISION])
def test_waking_gives_the_floats_of_the_cpu(gpu, precision):
    if gpu.dtype == np.float32:
        pytest.skip("the lattice's floats are binary64")
    x = numbers(gpu, precision)
    tensor = _core.ResonantTensor(x, shape=[x.size], precision=precision)
    a, b = gpu.up(x).snap(precision)
    np.testing.assert_array_equal(gpu.down(a.wake(b)), tensor.to_list())


def test_a_snap_changes_nothing_the_second_time(gpu):
    a, b = gpu.up(gpu.normal(3000)).snap(100)
    again = a.wake(b).snap(100)
    assert (gpu.down(again[0]) == gpu.down(a)).all()
    assert (gpu.down(again[1]) == gpu.down(b)).all()


def test_gradient(gpu):
    x, w = gpu.normal(40, 25), gpu.normal(25)
    a, b = gpu.up(x).snap(100)
    change = gpu.down(a) + gpu.down(b) * PHI - x.astype(np.float64)
    # a + b phi cancels from up to 262 in this plain formula; the kernel itself does better.
    slack = 400 * 2.3e-16 / gpu.eps
    gpu.near(gpu.up(x).snap_gradient(a, b), change, np.abs(change) + slack, 2)
    gpu.near(gpu.up(x).snap_gradient(a, b, gpu.up(w)), change * w, np.abs(change * w) + slack * np.abs(w), 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(gpu, bad):
    x = np.zeros(1000)
    x[700] = bad
    with pytest.raises(ValueError, match="snap: expected finite numbers"):
        gpu.up(x).snap(100)
    with pytest.raises(ValueError, match="precision"):
        gpu.up(np.zeros(3)).snap(0)
