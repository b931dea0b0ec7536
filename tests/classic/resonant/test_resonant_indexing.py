"""Making, indexing, broadcasting and dividing resonant tensors: NumPy's rules, with exact numbers in the places."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from syntonic._core import DeviceUnavailable, GoldenExact, ResonantTensor, cuda_is_available


def points(shape, seed=0):
    """A tensor of small random points, and the same as an array of exact numbers."""
    pairs = np.random.default_rng(seed).integers(-9, 10, (int(np.prod(shape)), 2)).tolist()
    numbers = np.empty(len(pairs), object)
    numbers[:] = [GoldenExact.from_integers(*pair) for pair in pairs]
    return ResonantTensor.from_golden_exact([tuple(pair) for pair in pairs], shape), numbers.reshape(shape)


def same(tensor, numbers):
    assert tensor.shape == np.shape(numbers)
    assert tensor.get_lattice() == list(np.ravel(numbers))


@given(st.data(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
def test_indices_are_those_of_numpy(data, shape):
    tensor, numbers = points(shape)
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    want = np.empty((), object) if isinstance(numbers[index], GoldenExact) else numbers[index]
    if want.ndim == 0:
        want[()] = numbers[index] if isinstance(numbers[index], GoldenExact) else numbers[index][()]
    same(tensor[index], want)


def test_rows_columns_and_loops():
    tensor, numbers = points((3, 4))
    same(tensor[-1], numbers[-1])
    same(tensor[..., ::-2], numbers[..., ::-2])
    assert [row.get_lattice() for row in tensor] == [list(row) for row in numbers]
    assert tensor[:, 1:3].mode_norms == tensor.mode_norms[1:3]
    tensor.wake_flux()
    assert (tensor[1].phase, tensor[1].to_floats()) == ("flux", tensor.to_floats()[4:8])
    for bad in [3, -4, (0, 0, 0), (..., ...), (0, 4)]:
        with pytest.raises(IndexError):
            tensor[bad]
    for bad in [1.0, "0", None, [0], True, np.array([True, False, True])]:
        with pytest.raises(TypeError, match="expected integers, slices"):
            tensor[bad]
    with pytest.raises(ValueError, match="zero"):
        tensor[::0]


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=3))
def test_broadcasting_is_exact(shapes):
    (x, a), (y, b) = (points(shape, seed) for seed, shape in enumerate(shapes.input_shapes))
    for got, want in [(x + y, a + b), (x - y, a - b), (x * y, a * b), (x.broadcast_add(y), a + b), (x.broadcast_mul(y), a * b)]:  # fmt: skip # noqa: E501
        same(got, np.broadcast_to(np.asarray(want, object), shapes.result_shape))
    assert (x + y).precision == x.precision


def test_shapes_that_do_not_broadcast():
    (x, _), (y, _) = points((2,)), points((3,))
    for operate in [lambda: x + y, lambda: x * y, lambda: x / y, lambda: x.broadcast_add(y)]:
        with pytest.raises(ValueError, match=r"equal or 1.*\(2,\) and \(3,\)"):
            operate()
    with pytest.raises(ValueError, match="equal shapes"):
        x.elementwise_add(y)


def test_norms_follow_whoever_has_the_last_axis():
    column = ResonantTensor([[1.0], [2.0]], mode_norms=[5.0])
    row = ResonantTensor([1.0, 2.0, 3.0], mode_norms=[0.0, 1.0, 7.0])
    assert (column + row).mode_norms == (row + column).mode_norms == [0, 1, 7]


def test_quotients():
    x, a = points((2, 3))
    whole = (x * 6 * ResonantTensor.from_golden_exact([(3, -1)])) / ResonantTensor.from_golden_exact([(3, -1)])
    same(whole, a * 6)
    same(whole / 6, a)
    same(
        whole / GoldenExact.golden_ratio(),
        np.array([v * 6 / GoldenExact.golden_ratio() for v in a.ravel()]).reshape(2, 3),
    )
    third = x / 3
    assert third.phase == "flux"
    assert third.to_floats() == [float(v / 3) for v in a.ravel()]
    assert (x / 0.3).to_floats() == [float(v / Fraction(0.3)) for v in a.ravel()]
    assert (1 / (x * x + 1)).to_floats() == [float(1 / (v * v + 1)) for v in a.ravel()]
    for divide in [lambda: x / 0, lambda: x / (x - x), lambda: 1 / (x - x)]:
        with pytest.raises(ZeroDivisionError):
            divide()
    flux = ResonantTensor.from_flux([1.0, 0.0])
    assert (flux / 4).to_floats() == [0.25, 0.0]
    assert (3 / flux).to_floats() == [3.0, np.inf]


def test_first_values():
    ones = ResonantTensor.ones((2, 3), precision=7)
    assert (ones.lattice(), ones.shape, ones.precision) == ([(1, 0)] * 6, (2, 3), 7)
    normal = ResonantTensor.randn((100, 50), precision=1000, seed=4)
    x = np.array(normal.to_floats())
    assert normal.phase == "crystallized"
    assert abs(x.mean()) < 0.05
    assert abs(x.std() - 1) < 0.03
    assert normal.lattice() == ResonantTensor.randn((100, 50), precision=1000, seed=4).lattice()
    assert normal.lattice() != ResonantTensor.randn((100, 50), precision=1000, seed=5).lattice()
    for make in [ResonantTensor.zeros, ResonantTensor.ones]:
        assert make((0, 2)).size == 0
        with pytest.raises(ValueError, match="at most"):
            make((2**40, 2**40))


def test_two_words_for_the_norms():
    norms = [0.0, 2.0]
    assert (
        ResonantTensor([1, 2], mode_norm_sq=norms).mode_norms == ResonantTensor([1, 2], None, norms).mode_norms == norms
    )
    assert ResonantTensor.zeros(2, mode_norm_sq=None).mode_norms == ResonantTensor.zeros(2, "scaled").mode_norms
    assert ResonantTensor.from_golden_exact([(1, 0), (0, 1)], mode_norm_sq=norms).mode_norms == norms
    with pytest.raises(ValueError, match="got both"):
        ResonantTensor.from_flux([1, 2], mode_norms=norms, mode_norm_sq=norms)


def test_cycle_is_another_word():
    x, y = ResonantTensor([0.5, 0.2, 0.1]), ResonantTensor([0.5, 0.2, 0.1])
    assert x.cycle(0.2, 50, seed=3) == y.cpu_cycle(0.2, 50, seed=3)
    assert x.lattice() == y.lattice()


def test_devices():
    x = ResonantTensor([0.5, 0.2])
    assert x.to_cpu() is x
    for bad in [lambda: x.cuda_cycle_gpu("gpu", seed=0), lambda: x.wake_flux_with_d_phase_py("cuda:x", seed=0)]:
        with pytest.raises(ValueError, match="expected a device"):
            bad()
    if cuda_is_available():
        return
    for bad in [x.to_device, lambda: x.cuda_cycle_gpu(seed=0), lambda: ResonantTensor.from_floats_cuda([1.0])]:
        with pytest.raises(DeviceUnavailable):
            bad()
    assert x.phase == "crystallized"
