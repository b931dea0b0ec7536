"""Complex numbers as pairs: arithmetic, products of matrices, overlaps; against NumPy and the products of the CPU."""

import math

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI


def pairs(z):
    return np.stack([z.real, z.imag], -1)


class Complex:
    """Complex numbers of a device's number format, and their size for bounds."""

    def __init__(self, gpu):
        self.gpu = gpu

    def normal(self, *shape):
        return self.gpu.normal(*shape).astype(np.float64) + 1j * self.gpu.normal(*shape)

    def up(self, z):
        return self.gpu.up(pairs(z))

    def near(self, tensor, want, scale, ulps):
        self.gpu.near(tensor, pairs(np.asarray(want)), np.broadcast_to(scale, np.shape(want))[..., None], ulps)


@pytest.fixture
def plane(gpu):
    return Complex(gpu)


@pytest.mark.parametrize("n", [0, 1, 5, 100_001])
def test_arithmetic(plane, n):
    x, y = plane.normal(n), plane.normal(n)
    a, b = plane.up(x), plane.up(y)
    plane.near(a.complex_mul(b), x * y, np.abs(x * y), 4)
    plane.near(a.complex_div(b), x / y, np.abs(x / y), 8)
    plane.near(b.complex_reciprocal(), 1 / y, 1 / np.abs(y), 8)


def test_a_quotient_whose_squares_leave_the_format(plane):
    big, small = float(np.finfo(plane.gpu.dtype).max) / 4, float(np.finfo(plane.gpu.dtype).tiny) * 4
    x = np.array([big + 1j * big, small + 1j * small])
    plane.near(plane.up(x).complex_div(plane.up(x)), np.ones(2), 1, 4)


FORMS = {"n": lambda z: z, "t": lambda z: z.swapaxes(-1, -2), "h": lambda z: z.conj().swapaxes(-1, -2)}


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (3, 5, 7), (64, 33, 65)])
@pytest.mark.parametrize("form_a", FORMS)
@pytest.mark.parametrize("form_b", FORMS)
def test_products(plane, m, k, n, form_a, form_b):
    x = plane.normal(*((m, k) if form_a == "n" else (k, m)))
    y = plane.normal(*((k, n) if form_b == "n" else (n, k)))
    c = plane.normal(m, n)
    product, size = FORMS[form_a](x) @ FORMS[form_b](y), np.abs(FORMS[form_a](x)) @ np.abs(FORMS[form_b](y))
    plane.near(plane.up(x).complex_matmul(plane.up(y), form_a, form_b), product, size, 4 + k)
    alpha, beta = 0.5 - 2j, 1j
    got = plane.up(x).complex_matmul(plane.up(y), form_a, form_b, alpha=alpha, beta=beta, plus=plane.up(c))
    plane.near(got, alpha * product + beta * c, 3 * size + np.abs(c), 8 + k)


def test_stacks(plane):
    x, y = plane.normal(3, 4, 5), plane.normal(3, 5, 2)
    plane.near(plane.up(x).complex_matmul(plane.up(y)), x @ y, np.abs(x) @ np.abs(y), 16)


def test_the_golden_products_of_the_cpu(plane):
    x, y = plane.normal(6, 6), plane.normal(6, 6)
    a, b = plane.up(x), plane.up(y)
    left, right = _core.ComplexTensor.from_array(x), _core.ComplexTensor.from_array(y)
    size = 2 * np.abs(x) @ np.abs(y) + 2 * np.abs(y) @ np.abs(x)

    def cpu(tensor):
        return np.array(tensor.pairs) @ [1, 1j]

    plane.near(a.complex_matmul(b, alpha=PHI**3), cpu(_core.linalg_mm_phi(left, right, 3)), 4 * size, 16)
    phase = complex(math.cos(2 * math.pi / PHI), math.sin(2 * math.pi / PHI))
    turned = cpu(_core.linalg_mm_golden_phase(left, right, 2.0))
    plane.near(a.complex_matmul(b, alpha=phase), turned, size, 16)
    bracket = b.complex_matmul(a, alpha=-1 / PHI, beta=1.0, plus=a.complex_matmul(b))
    plane.near(bracket, cpu(_core.linalg_phi_bracket(left, right)), size, 16)
    weights = plane.gpu.up(np.exp(-(np.arange(6.0) ** 2) / PHI).reshape(6, 1, 1))
    plane.near(a.complex_matmul(b.mul(weights)), cpu(_core.linalg_mm_golden_weighted(left, right)), size, 16)


@pytest.mark.parametrize("n", [1, 7, 100_003])
def test_gnosis(plane, n):
    x, y = plane.normal(n), plane.normal(n)
    want = abs(np.vdot(x, y)) ** 2 / (np.vdot(x, x).real * np.vdot(y, y).real)
    assert math.isclose(plane.up(x).gnosis(plane.up(y)), want, rel_tol=1e-9, abs_tol=1e-15)
    assert math.isclose(plane.up(x).gnosis(plane.up(1j * x)), 1.0, rel_tol=1e-12)
    assert plane.up(x).gnosis(plane.up(0 * x)) == 0


def test_twice(gpu):
    x = gpu.normal(3, 5)
    np.testing.assert_array_equal(gpu.down(gpu.up(x).twice()), np.repeat(x, 2, -1))


def test_refusals(plane):
    x, y = plane.up(np.zeros((2, 3), complex)), plane.up(np.zeros((4, 2), complex))
    with pytest.raises(ValueError, match="inner sizes match"):
        x.complex_matmul(y)
    with pytest.raises(ValueError, match='form "n"'):
        x.complex_matmul(x, "c")
    with pytest.raises(ValueError, match="size 2"):
        plane.gpu.up(np.zeros((2, 3))).complex_reciprocal()


@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (3, 64), (2, 2, 1000), (1, 70_001)])
@pytest.mark.parametrize("frequencies", [[], [0], [3, -1, 0, 3], list(range(-20, 40, 3))])
def test_fourier_projection(plane, shape, frequencies):
    z, n = plane.normal(*shape), shape[-1]
    kept = np.isin(np.arange(n), np.mod(frequencies, n))
    want = np.fft.ifft(np.where(kept, np.fft.fft(z), 0))
    # Sums of binary64: the size of the shares of all frequencies, and one rounding to the format.
    scale = np.abs(z).mean(-1, keepdims=True) * (1 + kept.sum())
    ulps = 2 if plane.gpu.dtype == np.float32 else 16 + 2 * np.sqrt(n)
    plane.near(plane.up(z).fourier_projection(frequencies, complex=True), want, scale, ulps)
    want = np.fft.ifft(np.where(kept, np.fft.fft(z.real), 0))
    plane.near(plane.gpu.up(z.real).fourier_projection(frequencies), want, scale, ulps)


def test_a_fourier_projection_projects(plane):
    once = plane.up(plane.normal(50)).fourier_projection([1, 7], complex=True)
    again = once.fourier_projection([1, 7], complex=True)
    plane.gpu.near(again, plane.gpu.down(once), 1, 16)
    with pytest.raises(ValueError, match="pairs of numbers"):
        plane.gpu.up(np.zeros((2, 3))).fourier_projection([1], complex=True)
    assert plane.gpu.up(np.zeros((2, 0))).fourier_projection([1]).shape == (2, 0, 2)
