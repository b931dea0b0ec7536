"""Perturbed activations in Python: every model learns, the state is exact, and what does not fit is said at once."""

from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import own_data
import pytest
from waves import Waves

from syntonic._core import Tensor
from syntonic.benchmarks.order import order
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.mlp import MLP
from syntonic.nn.architectures.sight import check_order
from syntonic.nn.training import RetrocausalTrainer
from syntonic.sn import Module, Parameter
from syntonic.sn import functional as F


def lookup(kind, name):
    return registry.lookup(kind, name)


def ours(kind):
    """The library's own names: other tests may have registered fakes."""
    return [name for name in registry.names(kind) if lookup(kind, name).__module__.startswith("syntonic.")]


SMALL = {"batch_size": 16}


DATA = Path(mkdtemp(prefix="own-data-"))


def benchmark(name):
    cls = lookup("benchmark", name)
    small = {key: value for key, value in SMALL.items() if key in registry.arguments(cls)}
    return cls(0, **{**own_data.arguments(name, DATA), **small})


def fitting(model, problem):
    """A model for the problem, or None."""
    task = Task(problem.input_shape, problem.output_shape, problem.vocabulary, order(problem))
    try:
        made = lookup("model", model)(task)
        check_order(made, task)
    except ValueError:
        return None
    return made


# One benchmark has nothing to learn, others judge members themselves: they have no examples.
JUDGES = [name for name in ours("benchmark") if hasattr(lookup("benchmark", name), "judge")]
WITH_EXAMPLES = [name for name in ours("benchmark") if name not in ("weights", *JUDGES)]
FOUND = [(name, benchmark(name)) for name in WITH_EXAMPLES]
PAIRS = [(model, name) for name, problem in FOUND for model in ours("model") if fitting(model, problem)]


def trainer(**settings):
    defaults = {"estimator": "activations", "learning_rate": 0.01, "pull_strength": 0.0, "max_generations": 8}
    return RetrocausalTrainer(3, **(defaults | settings))


def digits(batch_size=32):
    problem = lookup("benchmark", "digits")(0, batch_size=batch_size)
    model = MLP(Task(problem.input_shape, problem.output_shape), hidden=(16,), activation="relu")
    model.initialize(0)
    return model, problem


def state(found):
    arrays, _ = found.state_dict()
    return {name: bytes(array["data"]) for name, array in arrays.items()}


def test_every_model_fits_some_benchmark():
    assert {model for model, _ in PAIRS} == set(ours("model"))
    assert {name for _, name in PAIRS} == set(WITH_EXAMPLES)


@pytest.mark.parametrize(("model", "name"), PAIRS, ids=lambda value: value)
def test_every_pair_has_a_direction(model, name):
    problem = benchmark(name)
    made = fitting(model, problem)
    made.initialize(0)
    before = [bytes(memoryview(p.data.to_tensor("float64"))) for p in made.parameters()]
    record = next(iter(trainer(draws=3, signal_interval=1).run(made, problem)))
    after = [bytes(memoryview(p.data.to_tensor("float64"))) for p in made.parameters()]
    assert np.isfinite([record.loss, record.mean_fitness, record.best_fitness]).all()
    assert record.nan_members == 0
    assert any(name.startswith("signal/") for name in record.details)
    assert sum(a != b for a, b in zip(before, after, strict=True)) >= len(before) - 1, "every parameter learns"


@pytest.mark.slow
@pytest.mark.parametrize(("model", "name"), PAIRS, ids=lambda value: value)
def test_the_loss_of_every_pair_falls(model, name):
    problem = benchmark(name)
    made = fitting(model, problem)
    made.initialize(0)
    records = list(trainer(max_generations=60, draws=7, head="exact").run(made, problem))
    losses = [record.loss for record in records]
    assert np.mean(losses[-15:]) < np.mean(losses[:5])


def test_threads_change_no_bit():
    states = []
    for threads in (1, 2, 7):
        model, problem = digits()
        found = trainer(threads=threads)
        list(found.run(model, problem))
        states.append(state(found))
    assert states[0] == states[1] == states[2]


@pytest.mark.parametrize(
    "settings",
    [
        {"signal_interval": 3},
        {"mirrored": True, "draw_noise": "gaussian", "pull_strength": 0.03},
        {"head": "exact", "active_only": True, "sigma_unit": "spread", "draw_noise": "sign"},
        {"draw_sites": "in_turn", "precision": 10},
    ],
)
def test_a_resumed_run_has_the_bits_of_an_uninterrupted_one(settings):
    model, problem = digits()
    whole = trainer(**settings)
    list(whole.run(model, problem))
    model, problem = digits()
    first = trainer(**settings)
    for record in first.run(model, problem):
        if record.generation == 5:
            break
    arrays, meta = first.state_dict()
    model, problem = digits()
    second = trainer(**settings)
    second.load_state_dict(model, arrays, meta)
    rest = list(second.run(model, problem))
    assert [record.generation for record in rest] == [6, 7, 8]
    assert state(second) == state(whole)


def test_weights_lie_on_the_lattice():
    model, problem = digits()
    list(trainer(precision=10).run(model, problem))
    assert all(abs(c) <= 10 for p in model.parameters() for pair in p.data.lattice() for c in pair)


@pytest.mark.parametrize(
    ("settings", "passes"),
    [
        ({"draws": 7}, 8),
        ({"draws": 7, "mirrored": True}, 14),
        ({"estimator": "weights", "population_size": 20}, 20),
    ],
)
def test_forward_examples_are_counted_for_every_estimator(settings, passes):
    model, problem = digits(batch_size=32)
    records = list(trainer(max_generations=2, **settings).run(model, problem))
    assert [record.forward_examples for record in records] == [passes * 32, 2 * passes * 32]
    assert records[1].metrics()["forward_examples"] == 2.0 * passes * 32
    assert records[1].evaluations == 2 * passes


def test_a_signal_is_measured_at_its_interval():
    model, problem = digits(batch_size=256)
    records = list(trainer(max_generations=3, draws=15, signal_interval=2).run(model, problem))
    named = [{name: x for name, x in record.details.items() if name.startswith("signal/")} for record in records]
    sites = ["signal/layers.0.weight", "signal/layers.2.weight"]
    assert [sorted(names) for names in named] == [sites, [], sites]
    assert all(0.1 < cosine <= 1.0 for cosine in named[0].values()), "two halves of the draws agree"


def test_a_loss_that_is_not_finite_is_no_information():
    model, problem = digits(batch_size=8)

    class Broken(type(problem)):
        def batch(self, generation):
            inputs, labels = super().batch(generation)
            values = np.asarray(inputs).copy()
            values[2] = np.nan
            return Tensor(values), labels

    record = next(iter(trainer(draws=3).run(model, Broken(0, batch_size=8))))
    assert record.nan_members == 4, "one example, clean and in three draws"
    assert np.isfinite(record.mean_fitness)
    assert all(np.isfinite(np.asarray(p.data.to_tensor("float64"))).all() for p in model.parameters())


class Batchwide(Waves):
    """A loss of the whole batch."""

    def loss(self, outputs, targets):
        return F.mse_loss(outputs, targets).sqrt()


class Told(Batchwide):
    """The same, and what each example counts."""

    def losses(self, outputs, targets):
        return (outputs - targets).square().mean(-1)


class Odd(Batchwide):
    """Losses that are not one for each example."""

    def losses(self, outputs, targets):
        return (outputs - targets).square().mean(0)


class Unread(MLP):
    """A model with a parameter that its forward pass does not read."""

    def __init__(self, task):
        super().__init__(task, hidden=(4,))
        self.spare = Parameter((3,))


def waves(problem=Waves, model=MLP):
    made = problem()
    inputs, targets = made.batch(0)
    return model(Task(inputs.shape[1:], targets.shape[1:])), made


def test_a_loss_without_examples_is_refused():
    model, problem = waves(Batchwide)
    with pytest.raises(ValueError, match=r"one loss for each example.*trainer\.estimator=weights.*ends in sqrt"):
        trainer().check(model, problem)


def test_losses_of_examples_stand_in_for_a_loss_that_cannot_be_taken_apart():
    model, problem = waves(Told)
    model.initialize(0)
    inputs, targets = problem.batch(0)
    mean = float(((np.asarray(model(inputs)) - np.asarray(targets)) ** 2).mean())
    first, *_, last = trainer(max_generations=300, learning_rate=0.05, lattice=False).run(model, problem)
    assert first.loss == pytest.approx(mean, rel=1e-5)
    assert last.loss < first.loss / 5
    weights, _ = waves(Told)
    weights.initialize(0)
    record = next(iter(trainer(estimator="weights", lattice=False).run(weights, problem)))
    assert record.loss == pytest.approx(mean**0.5, rel=1e-5), "members are judged by the loss itself"


def test_losses_must_be_one_for_each_example():
    model, problem = waves(Odd)
    with pytest.raises(ValueError, match=r"losses have shape \(1,\); expected \(16,\), one for each example"):
        trainer().check(model, problem)


def test_a_parameter_that_is_never_read_is_refused():
    model, problem = waves(model=Unread)
    with pytest.raises(ValueError, match=r"made of every parameter.*1 that it does not read"):
        trainer().check(model, problem)


def test_a_batch_of_one_is_refused():
    model, problem = digits(batch_size=1)
    with pytest.raises(ValueError, match=r"at least 2 examples.*batch_size.*got 1"):
        trainer().check(model, problem)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"draws": 0}, "draws"),
        ({"sigma": 0.0}, "sigma"),
        ({"sigma": float("nan")}, "sigma"),
        ({"credit_discount": 1.5}, "credit_discount"),
        ({"draw_noise": "uniform"}, "gaussian or sign or hadamard"),
        ({"elitist": True}, "elitist=true"),
        ({"survivor_count": 4}, "survivor_count"),
    ],
)
def test_settings_out_of_range_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        trainer(**settings)


def test_one_site_at_a_time_needs_a_draw_for_each():
    model, problem = digits()
    with pytest.raises(ValueError, match=r"draws >= 2"):
        trainer(draws=1, draw_sites="in_turn").check(model, problem)


def test_an_exact_head_needs_outputs_of_a_layer():
    class Squashed(MLP):
        def forward(self, x, /):
            return super().forward(x).tanh()

    model, problem = waves(model=Squashed)
    assert isinstance(model, Module)
    with pytest.raises(ValueError, match=r"head=exact and outputs that come from tanh"):
        trainer(head="exact").check(model, problem)
