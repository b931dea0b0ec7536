"""The matrix products beside NumPy: floats and complex numbers in float64, the lattice in integers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matrices import DTYPES, PHI, Q, drawn, give, read, wide

from syntonic import _core
from syntonic._core import ComplexTensor, GoldenExact, ResonantTensor, Tensor

size = st.integers(1, 70)


def close(got, want, terms, dtype):
    got = read(got)
    assert got.dtype == dtype
    assert got.shape == want.shape
    unit = 1.2e-7 if dtype == "float32" else 2.3e-16
    # Each of k products and sums rounds once; entries are standard normal, so sums are of the size sqrt(k).
    np.testing.assert_allclose(got, want, rtol=0, atol=30 * unit * (terms + 3))


@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None, max_examples=30)
@given(size, st.integers(0, 300), size, st.integers(0, 99))
def test_every_form(dtype, m, k, n, seed):
    rng = np.random.default_rng(seed)
    a, b, c = drawn((m, k), dtype, rng), drawn((k, n), dtype, rng), drawn((m, n), dtype, rng)
    want = wide(a) @ wide(b)
    at, bt = np.ascontiguousarray(a.T), np.ascontiguousarray(b.T)
    close(_core.linalg_mm(give(a), give(b)), want, k, dtype)
    close(_core.linalg_mm_tn(give(at), give(b)), want, k, dtype)
    close(_core.linalg_mm_nt(give(a), give(bt)), want, k, dtype)
    close(_core.linalg_mm_tt(give(at), give(bt)), want, k, dtype)
    close(_core.linalg_mm_hn(give(at.conj()), give(b)), want, k, dtype)
    close(_core.linalg_mm_nh(give(a), give(bt.conj())), want, k, dtype)
    close(_core.linalg_mm_add(give(a), give(b), give(c), 0.5, -2.0), 0.5 * want - 2 * wide(c), k, dtype)
    got = _core.linalg_mm_gemm(give(at.conj()), give(bt), "H", "T", alpha=3.0, beta=0.5, c=give(c))
    close(got, 3 * want + 0.5 * wide(c), 3 * k, dtype)
    close(_core.linalg_mm_gemm(give(a), give(b), beta=7.0), want, k, dtype)
    close(_core.linalg_mm_phi(give(a), give(b), 3), PHI**3 * want, 5 * k, dtype)
    close(_core.linalg_mm_corrected(give(a), give(b), "E8_dim", -1), (1 - Q / 248) * want, k, dtype)
    close(_core.linalg_mm_q_corrected_direct(give(a), give(b), 7.0), (1 + Q / 7) * want, k, dtype)
    if dtype != "float32":
        turned = _core.linalg_mm_golden_phase(give(a), give(b), 2.0)
        close(turned, np.exp(2j * np.pi / PHI) * want, k, "complex128")
    weights = np.exp(-(np.arange(k, dtype=float) ** 2) / PHI)
    close(_core.linalg_mm_golden_weighted(give(a), give(b)), (wide(a) * weights) @ wide(b), k, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None, max_examples=20)
@given(size, st.integers(1, 9), st.integers(0, 99))
def test_square_matrices_and_batches(dtype, n, m, seed):
    rng = np.random.default_rng(seed)
    a, b, psi = drawn((n, n), dtype, rng), drawn((n, n), dtype, rng), drawn((n, m), dtype, rng)
    ab, ba = wide(a) @ wide(b), wide(b) @ wide(a)
    close(_core.linalg_phi_bracket(give(a), give(b)), ab - ba / PHI, 2 * n, dtype)
    close(_core.linalg_phi_antibracket(give(a), give(b)), ab + ba / PHI, 2 * n, dtype)
    want = psi + 0.5 * wide(a) @ psi - 2 * wide(b) @ psi
    close(_core.linalg_projection_sum(give(psi), [give(a), give(b)], [0.5, -2.0]), want, 3 * n, dtype)
    x, y = drawn((m, 3, n), dtype, rng), drawn((m, n, 5), dtype, rng)
    close(_core.linalg_bmm(give(x), give(y)), wide(x) @ wide(y), n, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_products_by_any_number_of_threads(dtype):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(dims).astype(dtype) for dims in ((333, 517), (517, 290)))
    before, found = _core.threads(), set()
    for count in (1, 2, before):
        _core.set_threads(count)
        found.add(read(_core.linalg_mm(give(a), give(b))).tobytes())
    assert len(found) == 1
    close(_core.linalg_mm(give(a), give(b)), wide(a) @ wide(b), 517, dtype)
    x, y = rng.standard_normal((300, 20, 30)).astype(dtype), rng.standard_normal((300, 30, 40)).astype(dtype)
    close(_core.linalg_bmm(give(x), give(y)), wide(x) @ wide(y), 30, dtype)


def test_empty_not_finite_and_mixed():
    empty = _core.linalg_mm(Tensor.zeros((3, 0)), Tensor.zeros((0, 2)))
    np.testing.assert_array_equal(empty, np.zeros((3, 2)))
    assert read(_core.linalg_mm(Tensor.zeros((0, 3)), Tensor.zeros((3, 2)))).shape == (0, 2)
    assert read(_core.linalg_bmm(Tensor.zeros((0, 2, 3)), Tensor.zeros((0, 3, 2)))).shape == (0, 2, 2)
    inf = float("inf")
    got = read(_core.linalg_mm(Tensor([[inf, 1.0], [0.0, 1.0]]), Tensor([[1.0, 0.0], [1.0, 2.0]])))
    np.testing.assert_array_equal(got, [[inf, np.nan], [1, 2]])
    z = np.array([[1 + 2j, 3j]])
    got = read(_core.linalg_mm(ComplexTensor.from_array(z), Tensor([[1.0], [2.0]])))
    np.testing.assert_allclose(got, z @ [[1], [2]])
    real = Tensor([[2.0]], dtype="float64")
    np.testing.assert_allclose(read(_core.linalg_mm_gemm(real, real, alpha=1j)), [[4j]])


def test_complex_exchange():
    z = np.arange(6).reshape(2, 3) * (1 + 2j)
    t = ComplexTensor.from_array(z.T)
    assert (t.shape, t.dtype) == ((3, 2), "complex128")
    np.testing.assert_array_equal(read(t), z.T)
    np.testing.assert_array_equal(t.real, z.T.real)
    np.testing.assert_array_equal(t.imag, z.T.imag)
    assert ComplexTensor([[1.0]], [[2.0]]).tolist() == [[[1.0, 2.0]]]


def pairs(x):
    return np.array(x.lattice(), dtype=object).reshape(*x.shape, 2)


def golden(a, b):
    """The product of matrices of pairs (a, b), by the rule phi^2 = phi + 1."""
    (p, q), (r, s) = (a[..., 0], a[..., 1]), (b[..., 0], b[..., 1])
    return np.stack([p @ r + q @ s, p @ s + q @ r + q @ s], -1)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_the_lattice_is_exact(m, k, n, seed):
    rng = np.random.default_rng(seed)

    def make(rows, columns):
        points = [tuple(map(int, p)) for p in rng.integers(-(10**6), 10**6, (rows * columns, 2))]
        return ResonantTensor.from_golden_exact(points, (rows, columns))

    a, b, at, bt = make(m, k), make(k, n), make(k, m), make(n, k)

    def turn(x):
        return pairs(x).transpose(1, 0, 2)

    assert (pairs(_core.linalg_mm(a, b)) == golden(pairs(a), pairs(b))).all()
    assert (pairs(_core.linalg_mm_tn(at, b)) == golden(turn(at), pairs(b))).all()
    assert (pairs(_core.linalg_mm_nt(a, bt)) == golden(pairs(a), turn(bt))).all()
    assert (pairs(_core.linalg_mm_tt(at, bt)) == golden(turn(at), turn(bt))).all()
    up, down = _core.linalg_mm_phi(a, b, 4), _core.linalg_mm_phi(a, b, -4)
    first = GoldenExact.from_integers(*_core.linalg_mm(a, b).lattice()[0])
    assert GoldenExact.from_integers(*up.lattice()[0]) == first * GoldenExact.phi_to_power(4)
    assert GoldenExact.from_integers(*down.lattice()[0]) * GoldenExact.phi_to_power(4) == first
    x, y = make(n, n), make(n, n)
    xy, yx = golden(pairs(x), pairs(y)), golden(pairs(y), pairs(x))
    # 1/phi = phi - 1 takes (a, b) to (b - a, a)
    over = np.stack([yx[..., 1] - yx[..., 0], yx[..., 0]], -1)
    assert (pairs(_core.linalg_phi_bracket(x, y)) == xy - over).all()
    assert (pairs(_core.linalg_phi_antibracket(x, y)) == xy + over).all()


def test_factors():
    assert _core.q_correction_scalar(248.0) == pytest.approx(float(1 + Fraction(Q) / 248), rel=1e-15)
    assert _core.q_correction_scalar(6.0, -5) == pytest.approx(1 - Q / 6, rel=1e-15)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda a: _core.linalg_mm(a, a), ValueError, r"\(2, 3\)"),
        (lambda a: _core.linalg_mm(a, Tensor.zeros((3,))), ValueError, "two matrices"),
        (lambda a: _core.linalg_mm_tn(a, Tensor.zeros((3, 2))), ValueError, "mm_tn"),
        (lambda a: _core.linalg_mm(a, Tensor.zeros((3, 2), dtype="float64")), TypeError, "dtype"),
        (lambda a: _core.linalg_mm(a, [[1.0]]), TypeError, "ComplexTensor"),
        (lambda a: _core.linalg_mm(a, ResonantTensor.zeros((3, 2))), TypeError, "to_tensor"),
        (lambda a: _core.linalg_mm_add(a, a, a), ValueError, "mm_add"),
        (lambda a: _core.linalg_mm_add(a, Tensor.zeros((3, 4)), a), ValueError, "C of shape"),
        (lambda a: _core.linalg_mm_gemm(a, a, "X"), ValueError, "N, T, H"),
        (lambda a: _core.linalg_phi_bracket(a, Tensor.zeros((3, 2))), ValueError, "square"),
        (lambda a: _core.linalg_bmm(a, a), ValueError, "batch"),
        (lambda a: _core.linalg_mm_corrected(a, Tensor.zeros((3, 1)), "E9"), ValueError, "E8_dim"),
        (lambda a: _core.linalg_mm_q_corrected_direct(a, Tensor.zeros((3, 1)), 0.0), ValueError, "at least 1"),
        (lambda a: _core.linalg_mm_golden_phase(a, a, float("inf")), ValueError, "finite n, got inf"),
        (lambda a: _core.linalg_projection_sum(a, [a], [1.0]), ValueError, "projectors"),
        (lambda a: _core.linalg_projection_sum(a, [], [1.0]), ValueError, "alpha"),
        (lambda _: _core.linalg_bmm(ResonantTensor([[1.0]]), ResonantTensor([[1.0]])), TypeError, "to_tensor"),
        (lambda _: _core.linalg_mm(ResonantTensor.from_flux([[1.0]]), ResonantTensor([[1.0]])), ValueError, "flux"),
        (lambda _: ComplexTensor([1.0], [1.0, 2.0]), ValueError, "imaginary"),
    ],
)
def test_misfits(call, error, text):
    with pytest.raises(error, match=text):
        call(Tensor.zeros((2, 3)))


def test_overflow_on_the_lattice():
    huge = ResonantTensor.from_golden_exact([(2**62, 0)], (1, 1))
    with pytest.raises(OverflowError):
        _core.linalg_mm(huge, huge)
