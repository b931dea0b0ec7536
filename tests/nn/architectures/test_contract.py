"""What every registered model must keep, for every kind of task that it takes; a new model is found by itself."""

import numpy as np
import pytest
from evolving import DTYPES, best_member_alone, record, same_bits
from kinds_of_tasks import TASKS

from syntonic._core import Tensor
from syntonic.core import registry
from syntonic.sn import functional as F

MODELS = [name for name in registry.names("model") if registry.lookup("model", name).__module__.startswith("syntonic.")]


def make(name, kind):
    return registry.lookup("model", name)(TASKS[kind])


def fits(name, kind):
    try:
        return bool(make(name, kind))
    except ValueError:
        return False


PAIRS = [(name, kind) for name in MODELS for kind in TASKS if fits(name, kind)]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def pair(request):
    name, kind = request.param
    model = make(name, kind)
    model.initialize(3)
    return model, TASKS[kind]


def data(task, dtype="float32", batch=9):
    rng = np.random.default_rng(8)
    shape = (batch, *task.input_shape)
    x = rng.integers(task.vocabulary, size=shape) if task.vocabulary else rng.standard_normal(shape)
    y = rng.integers(task.output_shape[-1], size=(batch, *task.output_shape[:-1]))
    return Tensor(x.astype(float), dtype=dtype), Tensor(y.astype(float), dtype=dtype)


def test_every_model_fits_some_task():
    assert {name for name, _ in PAIRS} == set(MODELS)
    assert {kind for _, kind in PAIRS} == set(TASKS)


def test_a_task_that_does_not_fit_names_another_model():
    for name in MODELS:
        for kind in set(TASKS) - {kind for fitting, kind in PAIRS if fitting == name}:
            with pytest.raises(ValueError, match=r"try model=|expected outputs"):
                make(name, kind)


def test_outputs_have_the_shape_of_the_task(pair):
    model, task = pair
    for dtype in DTYPES:
        for batch in (1, 9):
            y = model(data(task, dtype, batch)[0])
            assert (y.shape, y.dtype) == ((batch, *task.output_shape), dtype)
            assert np.isfinite(np.asarray(y)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_members_compute_what_they_compute_alone(pair, dtype):
    model, task = pair
    x, y = data(task, dtype)
    same_bits(model, x, y, F.cross_entropy)


def test_the_best_member_keeps_its_loss_as_the_centre(pair):
    model, task = pair
    best_member_alone(model, *data(task, "float64"), F.cross_entropy)


def test_evolution_lowers_the_loss(pair):
    model, task = pair
    x, y = data(task)
    before = F.cross_entropy(model(x), y).item()
    for seed in range(8):
        record(model, F.cross_entropy, x, y, dtype="float32", seed=seed, sigma=0.05, learning_rate=0.05)
    assert F.cross_entropy(model(x), y).item() < before


def test_first_values_are_a_function_of_the_seed(pair):
    model, task = pair
    again, other = type(model)(task), type(model)(task)
    again.initialize(3)
    other.initialize(4)
    bits = [[p.data.to_bytes() for p in m.parameters()] for m in (model, again, other)]
    assert bits[0] == bits[1] != bits[2]


def test_matrices_start_with_the_fan_in_of_their_inputs(pair):
    """Each is drawn with standard deviation gain / sqrt(fan_in), or gain where there is nothing to add up."""
    for name, p in pair[0].named_parameters():
        size = p.data.size
        if p.init in ("kaiming", "normal") and size >= 30 and p.row_gains is None:
            if p.init == "kaiming":
                assert p.fan_in == np.prod(p.shape[1:])
            want = p.gain / p.fan_in**0.5 if p.init == "kaiming" else p.gain
            spread = np.asarray(p.data.to_tensor("float64")).std()
            assert spread == pytest.approx(want, rel=5 / (2 * size) ** 0.5), name


def test_every_parameter_has_mode_norms_for_its_features(pair):
    for p in pair[0].parameters():
        d = p.shape[-1]
        assert p.data.mode_norms == pytest.approx([(3 * i / d) ** 2 for i in range(d)])


@pytest.mark.parametrize("crystallized", [True, False])
def test_a_saved_state_is_the_model_again(pair, crystallized):
    model, task = pair
    if crystallized:
        for p in model.parameters():
            p.data.crystallize()
    other = type(model)(task)
    other.initialize(9)
    other.load_state_dict(model.state_dict())
    x, _ = data(task)
    assert other(x).tolist() == model(x).tolist()


def test_an_empty_batch_and_a_wrong_shape_are_refused(pair):
    model, task = pair
    for shape in [(0, *task.input_shape), (2, *task.input_shape, 3), (2,)]:
        with pytest.raises(ValueError, match="empty, got"):
            model(Tensor.zeros(shape))


def test_every_argument_has_a_default(pair):
    arguments = registry.arguments(type(pair[0]))
    assert arguments
    assert all(a.default is not a.empty for a in arguments.values())
