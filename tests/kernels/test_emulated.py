"""The integer parts of the kernels, compiled for the CPU with g++: the same integers and bits as the core."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import syntonic
from syntonic import _core

KERNELS = Path(syntonic.__file__).parent.parent / "rust_core" / "kernels"
PHI = _core.PHI

# CUDA's intrinsics: operations that round once, and moves of bits.
SHIM = """
#include <cmath>
#include <cstring>
#define __device__
#define __noinline__
typedef long long size;
static double __dmul_rn(double a, double b) { return a * b; }
static double __dadd_rn(double a, double b) { return a + b; }
static double __dsub_rn(double a, double b) { return a - b; }
static double __ddiv_rn(double a, double b) { return a / b; }
static double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
static float __fmul_rn(float a, float b) { return a * b; }
static float __fadd_rn(float a, float b) { return a + b; }
static float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static unsigned int __umulhi(unsigned int a, unsigned int b) { return (unsigned long long)a * b >> 32; }
template <class To, class From> static To bits(From x) { To y; memcpy(&y, &x, sizeof y); return y; }
static long long __double_as_longlong(double x) { return bits<long long>(x); }
static int __float_as_int(float x) { return bits<int>(x); }
static float __int_as_float(int x) { return bits<float>(x); }
"""
DOORS = """
extern "C" void snap_all(long n, const double* x, size precision, size* a, size* b, double* woken) {
    for (long i = 0; i < n; i++) {
        const Point point = nearest(fabs(x[i]), precision);
        a[i] = x[i] < 0 ? -point.a : point.a;
        b[i] = x[i] < 0 ? -point.b : point.b;
        woken[i] = embed(a[i], b[i]);
    }
}
extern "C" void noise_all(long n, unsigned int seed, unsigned int stream, unsigned int step, float* out) {
    for (long i = 0; i < n; i++) out[i] = normal_of(philox((unsigned int)(i / 8), 0, 0, step, seed, stream), i % 8);
}
"""


@pytest.fixture(scope="module")
def device_code(tmp_path_factory):
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++ to compile the device functions with")
    if not KERNELS.exists():
        pytest.skip("the kernels' sources are not beside the installed package")
    folder = tmp_path_factory.mktemp("device")
    headers = [(KERNELS / name).read_text() for name in ("constants.cuh", "classic/lattice.cuh", "philox.cuh")]
    source = folder / "device.cpp"
    source.write_text("\n".join([SHIM, *headers, DOORS]))
    library = folder / "device.so"
    subprocess.run(
        [compiler, "-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", source, "-o", library], check=True
    )
    return ctypes.CDLL(str(library))


def numbers(precision, seed=1):
    rng = np.random.default_rng(seed)
    end = precision * (1 + PHI)
    halves = rng.integers(-2 * precision, 2 * precision + 1, (2, 3000)) / 2
    tie = halves[0] + halves[1] * PHI
    points = rng.integers(-precision, precision + 1, (2, 3000)).astype(np.float64)
    parts = [
        rng.standard_normal(5000),
        rng.uniform(-1.1, 1.1, 10_000) * end,
        tie,
        np.nextafter(tie, np.inf),
        np.nextafter(tie, -np.inf),
        points[0] + points[1] * PHI,
        rng.integers(-1000, 1000, 500) / 2,
        np.array([0.0, -0.0, 1e-300, 5e-324, end, -end, 2 * end, 1e300, -1e300]),
    ]
    return np.concatenate(parts)


@pytest.mark.parametrize("precision", [1, 2, 3, 8, 100, 4096, 5000, 1_000_003, _core.MAX_PRECISION])
def test_the_search_for_the_nearest_point(device_code, precision):
    x = numbers(precision)
    a, b, woken = np.zeros(x.size, np.int64), np.zeros(x.size, np.int64), np.zeros(x.size)
    places = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, a, b, woken)]
    device_code.snap_all(ctypes.c_long(x.size), places[0], ctypes.c_longlong(precision), *places[1:])
    tensor = _core.ResonantTensor.from_flux(x, shape=[x.size], precision=precision)
    with pytest.warns(RuntimeWarning, match="the last point of the lattice"):
        tensor.crystallize()
    want = np.array(tensor.lattice(), dtype=np.int64)
    np.testing.assert_array_equal(np.stack([a, b], axis=1), want)
    np.testing.assert_array_equal(woken, tensor.to_list())


def test_the_noise(device_code):
    n = 1 << 20
    out = np.zeros(n, np.float32)
    place = out.ctypes.data_as(ctypes.c_void_p)
    device_code.noise_all(ctypes.c_long(n), ctypes.c_uint(5), ctypes.c_uint(6), ctypes.c_uint(3), place)
    tensor = _core.ResonantTensor(np.zeros(n), shape=[n], mode_norms=[0.0] * n)
    tensor.wake_flux()
    tensor.differentiate(1.0, seed=5, step=3, weighted=False)
    np.testing.assert_array_equal(out.astype(np.float64), np.array(tensor.to_list()))
