import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from syntonic._core import ResonantTensor, Tensor

PHI = (1 + 5**0.5) / 2
SHAPES = [(), (0,), (1,), (5,), (3, 7), (2, 0, 3), (2, 3, 4)]


def random(shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


def weights(d):
    return np.exp(-((3 * np.arange(d) / max(d, 1)) ** 2) / PHI)


def syntony(x):
    energy = x**2
    d = x.shape[-1] if x.ndim else 1
    return (energy * weights(d)).sum() / energy.sum() if energy.sum() else 0.0


def values(t):
    return np.asarray(t.to_tensor("float64"))


@pytest.mark.parametrize("shape", SHAPES)
def test_construction_snaps_to_the_nearest_point(shape):
    x = random(shape)
    t = ResonantTensor(x)
    assert (t.shape, t.phase, t.precision) == (shape, "crystallized", 100)
    assert (t.ndim, t.size) == (len(shape), x.size)
    got = values(t)
    points = np.array(t.lattice(), dtype=np.int64).reshape(-1, 2)
    assert np.abs(points).max(initial=0) <= 100
    np.testing.assert_allclose(points @ [1, PHI], got.ravel(), atol=1e-13)
    a, b = np.mgrid[-100:101, -100:101]
    lattice = np.sort((a + b * PHI).ravel())
    best = [np.abs(lattice - v).min() for v in x.ravel()]
    np.testing.assert_allclose(np.abs(got - x).ravel(), best, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_syntony_is_the_weighted_share_of_energy(shape):
    x = random(shape)
    # Sums of n terms of rounded squares: n + 3 roundings at most.
    assert ResonantTensor.from_flux(x).syntony == pytest.approx(syntony(x), rel=(x.size + 4) * 2.3e-16)


def test_syntony_of_a_row_does_not_depend_on_the_batch():
    row = random(9)
    one = ResonantTensor.from_flux(row).syntony
    assert ResonantTensor.from_flux(np.tile(row, (50, 1))).syntony == pytest.approx(one, rel=1e-14)


def test_mode_norms():
    assert ResonantTensor.zeros(4).mode_norms == [0, 0.5625, 2.25, 5.0625]
    assert ResonantTensor.zeros((2, 3), mode_norms="raw").mode_norms == [0, 1, 4]
    assert ResonantTensor.zeros((2, 2), mode_norms=[1, 0.5]).mode_norms == [1, 0.5]
    assert ResonantTensor.from_flux([1, 1], mode_norms=[0, 1e9]).syntony == 0.5
    for bad in ["flat", [1], [1, 2, 3], [-1, 0], [math.nan, 0]]:
        with pytest.raises(ValueError, match="mode norms"):
            ResonantTensor.zeros((3, 2), mode_norms=bad)
    with pytest.raises(TypeError):
        ResonantTensor.zeros((3, 2), mode_norms=1.5)


def test_wake_and_crystallize_return_to_the_same_points():
    t = ResonantTensor(random((4, 6)))
    points = t.lattice()
    t.wake_flux()
    assert t.phase == "flux"
    with pytest.raises(ValueError, match="call crystallize"):
        t.lattice()
    t.crystallize()
    assert t.lattice() == points


def test_crystallize_with_another_precision():
    t = ResonantTensor.from_flux([0.3])
    t.crystallize(5)
    assert (t.precision, t.lattice()) == (5, [(-3, 2)])
    t.crystallize(100)
    assert t.lattice() == [(-3, 2)]


@pytest.mark.parametrize("precision", [0, -1, 10**10, 10**30])
def test_precisions_out_of_range_are_refused(precision):
    with pytest.raises((ValueError, OverflowError)):
        ResonantTensor([1.0], precision=precision)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_snap_of_no_number_is_refused_and_changes_nothing(bad):
    with pytest.raises(ValueError, match="finite"):
        ResonantTensor([1.0, bad])
    t = ResonantTensor.from_flux([1.0, bad])
    with pytest.raises(ValueError, match="finite"):
        t.crystallize()
    assert t.phase == "flux"
    assert math.isnan(t.syntony)


def test_points_are_taken_as_they_are():
    t = ResonantTensor.from_golden_exact([(1, 2), (-300, 400)], shape=(2, 1))
    assert t.lattice() == [(1, 2), (-300, 400)]
    assert t.to_list() == [[1 + 2 * PHI], [pytest.approx(-300 + 400 * PHI)]]
    for bad in [[(1.5, 0)], [(1,)], [1], [(1 << 63, 0)], ["ab"]]:
        with pytest.raises(ValueError, match="pair of 64-bit integers"):
            ResonantTensor.from_golden_exact(bad)
    with pytest.raises(ValueError, match="values for shape"):
        ResonantTensor.from_golden_exact([(1, 2)], shape=(2,))


def test_harmonize_and_differentiate_follow_their_formulas():
    x = random((3, 5))
    t = ResonantTensor.from_flux(x)
    t.harmonize(0.5)
    beta = 0.5 * syntony(x) / PHI
    np.testing.assert_allclose(values(t), x * (1 - beta * (1 - weights(5))), rtol=1e-14)
    t.set_flux(x.ravel())
    t.differentiate(0.0, seed=1)
    alpha = (1 - syntony(x)) / PHI**2
    np.testing.assert_allclose(values(t), x * (1 + alpha * 3 * np.arange(5) / 5), rtol=1e-14)
    t.crystallize()
    for step in [lambda: t.harmonize(), lambda: t.differentiate(0.1, seed=1)]:
        with pytest.raises(ValueError, match="wake_flux"):
            step()
    t.wake_flux()
    for bad in [-1, math.nan, math.inf]:
        with pytest.raises(ValueError, match="at least 0"):
            t.harmonize(bad)
        with pytest.raises(ValueError, match="at least 0"):
            t.differentiate(bad, seed=0)


def test_a_cycle_is_reproducible_and_ends_on_the_lattice():
    start = ResonantTensor(random((8, 8)))
    one, two, other = start.clone(), start.clone(), start.clone()
    assert one.cpu_cycle(0.1, seed=3, step=2) == two.cpu_cycle(0.1, seed=3, step=2) == one.syntony
    other.cpu_cycle(0.1, seed=3, step=3)
    assert one.lattice() == two.lattice() != other.lattice()
    assert one.phase == "crystallized"
    quiet = start.clone()
    quiet.cpu_cycle(0.0, seed=0)
    x = values(start)
    s = syntony(x)
    want = x * (1 + (1 - s) / PHI**2 * 3 * np.arange(8) / 8) * (1 - s / PHI * (1 - weights(8)))
    assert np.abs(values(quiet) - want).max() < 0.0067  # the largest snap error measured for M = 100 near 0


def test_crystallize_from_values_uses_the_syntony_from_before():
    start, new = random(6, 1), random(6, 2)
    t = ResonantTensor.from_flux(start)
    t.crystallize_from_values(new, 1000)
    want = ResonantTensor(new * (1 - syntony(start) / PHI * (1 - weights(6))), precision=1000)
    np.testing.assert_allclose(values(t), values(want), atol=1e-9)
    with pytest.raises(ValueError, match="6 values"):
        t.crystallize_from_values([1.0])


@pytest.mark.parametrize("phase", ["crystallized", "flux"])
def test_bytes_hold_the_state(phase):
    t = ResonantTensor(random((2, 3)))
    if phase == "flux":
        t.wake_flux()
    data = t.to_bytes()
    dtype = "<i8" if phase == "crystallized" else "<f8"
    want = np.array(t.lattice()).T.ravel() if phase == "crystallized" else values(t).ravel()
    np.testing.assert_array_equal(np.frombuffer(data, dtype), want)
    other = ResonantTensor.zeros((2, 3))
    other.set_bytes(phase, data)
    assert (other.phase, other.to_bytes()) == (phase, data)
    for bad in [data[:-8], data[:-1], data + data, b""]:
        with pytest.raises(ValueError, match=r"values for shape|8 bytes"):
            other.set_bytes(phase, bad)
    with pytest.raises(ValueError, match="crystallized or flux"):
        other.set_bytes("solid", data)
    assert other.to_bytes() == data


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_to_tensor_is_a_copy(dtype):
    t = ResonantTensor.from_flux([[0.1, 2.0]])
    tensor = t.to_tensor(dtype)
    assert (tensor.shape, tensor.dtype) == ((1, 2), dtype)
    t.set_flux([5, 6])
    assert tensor.tolist() == np.array([[0.1, 2.0]], dtype).tolist()
    assert Tensor(t.to_list()).tolist() == [[5, 6]]


def test_threads_see_whole_states():
    t = ResonantTensor.from_flux([0.0] * 500)
    states = [[float(i)] * 500 for i in range(4)]

    def work(state):
        for _ in range(200):
            t.set_flux(state)
            seen = t.to_list()
            assert seen in states
            t.crystallize()
            t.wake_flux()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, states))


def test_clone_is_independent():
    t = ResonantTensor([1.0])
    other = t.clone()
    other.wake_flux()
    assert (t.phase, other.phase) == ("crystallized", "flux")


def test_repr_and_len():
    t = ResonantTensor.zeros((2, 3))
    assert repr(t) == 'ResonantTensor(shape=(2, 3), phase="crystallized", precision=100, syntony=0.0000)'
    assert len(t) == 2
    with pytest.raises(TypeError, match="scalar"):
        len(ResonantTensor(1.0))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.initialize("he", seed=0, index=0),
        lambda t: t.initialize("normal", seed=0, index=0, gain=-1.0),
        lambda t: t.initialize("kaiming", seed=0, index=0, fan_in=0),
        lambda t: t.initialize("normal", seed=-1, index=0),
        lambda t: t.initialize("normal", seed=1 << 32, index=0),
        lambda t: t.set_flux([1.0]),
        lambda t: t.set_flux("ab"),
        lambda t: t.cpu_cycle(math.nan, seed=0),
        lambda t: t.to_tensor("int8"),
        lambda t: ResonantTensor([[1.0], [2.0, 3.0]]),
        lambda t: ResonantTensor.zeros((1 << 40, 1 << 40)),
        lambda t: ResonantTensor.zeros((1 << 50,)),
    ],
)
def test_misuse_is_an_error_and_never_a_panic(call):
    with pytest.raises((ValueError, TypeError, OverflowError, MemoryError)):
        call(ResonantTensor([1.0, 2.0]))
