"""Arguments that are out of range, of another library, or in the order of another class, and copies."""

import copy
import math
import pickle

import numpy as np
import pytest

from syntonic._core import Evolution, Graph, ResonantTensor, Tensor, sample_rows
from syntonic.classic.state import State
from syntonic.nn.layers import ResonantLinear as Linear

NORMS = [0.0, 0.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ResonantTensor.randn((2,), seed=-1), "from 0 to 4294967295, got -1"),
        (lambda: ResonantTensor.randn((2,), seed=2**32), "from 0 to 4294967295, got 4294967296"),
        (lambda: ResonantTensor.randn((2,), seed=10**30), f"got {10**30}"),
        (lambda: Tensor([1.0]).dropout(0.5, -1), "got -1"),
        (lambda: sample_rows(-1, 0, 4, 2), "got -1"),
        (lambda: sample_rows(0, 0, 4, -2), "got -2"),
    ],
)
def test_whole_numbers_out_of_range_are_named(call, words):
    with pytest.raises(OverflowError, match=words):
        call()


@pytest.mark.parametrize("shape", [(-1,), (2, -3)])
def test_negative_sizes_are_named(shape):
    for make in (Tensor.zeros, ResonantTensor.zeros, lambda shape: Tensor([1.0], shape)):
        with pytest.raises(ValueError, match=r"whole numbers of at least 0, got .*-"):
            make(shape)


def test_a_scalar_has_no_axis():
    for call in (lambda: Tensor(3.0, ()).sum(0), lambda: Tensor(3.0, ()).mean(-1)):
        with pytest.raises(ValueError, match="no axis, as a scalar has none, got"):
            call()


@pytest.mark.parametrize("dtype", [np.float64, np.dtype("float64"), "float64", np.dtype(">f8").newbyteorder("=")])
def test_dtypes_of_numpy_are_dtypes(dtype):
    assert Tensor([1.0], dtype=dtype).dtype == "float64"
    for make in (Tensor.zeros, Tensor.ones):
        assert make((2,), dtype).dtype == "float64"
    assert Tensor.full((2,), 1.0, dtype).dtype == "float64"
    assert Tensor([1.0]).astype(dtype).dtype == "float64"
    assert ResonantTensor([1.0]).to_tensor(dtype).dtype == "float64"


@pytest.mark.parametrize("dtype", [np.int32, float, 5, None, object()])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match="expected float32 or float64"):
        Tensor([1.0], dtype=dtype)


def test_copies():
    x = Tensor([1.0, 2.0])
    assert copy.copy(x) is x
    assert copy.deepcopy([x, x]) == [x, x]
    weight = ResonantTensor([1.0, 2.0], mode_norms=NORMS)
    for again in (copy.copy(weight), copy.deepcopy(weight)):
        again.set_flux([5.0, 6.0])
        assert weight.to_list() == [1.0, 2.0]
        assert again.mode_norms == NORMS
    layer = Linear(2, 3)
    assert copy.deepcopy(layer)(x).shape == (3,)


def test_pickles_are_refused_with_the_way_out():
    with pytest.raises(TypeError, match=r"numpy.asarray\(x\)"):
        pickle.dumps(Tensor([1.0]))
    with pytest.raises(TypeError, match="to_bytes"):
        pickle.dumps(ResonantTensor([1.0]))


def test_one_order_of_arguments_for_all_classes():
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]
    graph = Graph([])
    resonant = ResonantTensor(rows, mode_norms=[0.0] * 3)
    assert Tensor(rows).index_select(1, [2, 0]).tolist() == [[3.0, 1.0], [7.0, 4.0]]
    assert resonant.index_select(1, [2, 0]).to_list() == [[3.0, 1.0], [7.0, 4.0]]
    assert graph.input((2, 3)).index_select(1, [2, 0]).shape == (2, 2)
    # As it always was of a ResonantTensor.
    for old in (
        resonant.index_select([2, 0], 1),
        resonant.index_select([2, 0], dim=1),
        resonant.index_select(indices=[2, 0], dim=1),
        resonant.index_select(np.array([2, 0]), 1),
    ):
        assert old.to_list() == [[3.0, 1.0], [7.0, 4.0]]
    assert resonant.index_select([1]).to_list() == rows[1:]
    assert resonant.index_select(indices=[1]).to_list() == rows[1:]
    assert resonant.index_select(dim=1, indices=[0]).to_list() == [[1.0], [4.0]]


def test_eps_of_a_layer_norm_stands_first_in_every_class():
    values = [1.0, 2.0]
    want = 0.5 / math.sqrt(0.25 + 0.5)
    assert Tensor(values).layer_norm(0.5).tolist() == pytest.approx([-want, want])
    assert list(State(values).layer_norm(0.5, False)) == pytest.approx([-want, want])
    flux = ResonantTensor.from_flux(values, mode_norms=NORMS)
    assert flux.layer_norm(0.5, golden_target=False).to_list() == pytest.approx([-want, want])
    assert flux.layer_norm(eps=0.5, golden_target=False).to_list() == pytest.approx([-want, want])
    assert flux.layer_norm([2.0, 2.0], [1.0, 1.0], 0.5, False).to_list() == pytest.approx([1 - 2 * want, 1 + 2 * want])


def test_statistics_stay_floats():
    x = ResonantTensor([1.0, 2.0], mode_norms=NORMS)
    assert x.mean().to_list() == 1.5
    assert x.var().to_list() == 0.25
    assert x.norm().to_list() == math.sqrt(5)
    assert {y.phase for y in (x.mean(), x.var(), x.norm(), x.mean(0, True))} == {"flux"}
    assert x.sum().phase == x.max().phase == "crystallized"
    assert x.mean(precision=10).phase == "crystallized"


# How values beyond the last point of a lattice, precision * phi^2, are asked for: without and with the precision.
BEYOND = {
    "constructor": lambda given: ResonantTensor([300.0], **given),
    "from_floats": lambda given: ResonantTensor.from_floats([300.0], **given),
    "randn": lambda given: ResonantTensor.randn((3,), std=1e4, seed=2, **given),
    "crystallize": lambda given: _changed(ResonantTensor.from_flux([-300.0, 1.0]).crystallize, **given),
    "crystallize_from_values": lambda given: _changed(ResonantTensor([0.0]).crystallize_from_values, [-300.0], **given),
    "cycle": lambda given: _changed(ResonantTensor([0.0, 9.0]).cycle, 1e5, seed=1, **given),
    "batch_cpu_cycle": lambda given: _changed(ResonantTensor([[0.0, 9.0]]).batch_cpu_cycle, 1e5, seed=1, **given),
    "exp": lambda given: ResonantTensor([10.0]).exp(**given),
    "layer_norm": lambda given: ResonantTensor([1.0, 2.0]).layer_norm([1.0, 1.0], [300.0, 0.0], **given),
    "mean": lambda given: ResonantTensor.from_golden_exact([(300, 0)]).mean(**(given or {"precision": None})),
}


def _changed(step, *arguments, **given):
    step(*arguments, **given)
    return step.__self__


@pytest.mark.parametrize("name", [name for name in BEYOND if name != "mean"])
def test_what_the_lattice_does_not_reach_becomes_its_last_point_with_a_warning(name):
    with pytest.warns(RuntimeWarning, match=r"is beyond 261.803399, the last point of the lattice at precision 100"):
        x = BEYOND[name]({})
    assert x.phase == "crystallized"
    assert max(map(abs, np.ravel(x.to_list()))) == pytest.approx(261.8033988749895)


@pytest.mark.parametrize("name", BEYOND)
def test_what_the_lattice_does_not_reach_is_refused_where_the_precision_was_given(name):
    with pytest.raises(ValueError, match=r"numbers up to 261.803399, the last point at precision 100, got -?\d+"):
        BEYOND[name]({"precision": 100})


def test_a_refused_snap_changes_nothing_and_a_larger_precision_reaches_further():
    flux = ResonantTensor.from_flux([300.0])
    with pytest.raises(ValueError, match="numbers up to 261"):
        flux.crystallize(100)
    assert (flux.phase, flux.to_list()) == ("flux", [300.0])
    with pytest.warns(RuntimeWarning, match="300 is beyond"):
        flux.clone().dwell(1e3)
    with pytest.raises(ValueError, match="at precision 110"):
        flux.dwell(1e-9, 110)
    flux.crystallize(1000)
    assert flux.to_list() == [pytest.approx(300.0, abs=1e-2)]
    assert ResonantTensor([26.0, -26.0], precision=10).phase == "crystallized"


def test_a_training_says_what_its_lattice_cuts_off():
    with pytest.warns(RuntimeWarning, match=r"-5 is beyond 2.618034, the last point of the lattice at precision 1"):
        Evolution([ResonantTensor([-5.0, 1.0])], seed=0, population_size=4, precision=1)
