"""What keeps a model from learning its training data by heart, with members and with draws, each by its formula."""

import numpy as np
import pytest
from waves import Waves, model

from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.cnn1d import CNN1d
from syntonic.nn.architectures.mlp import MLP
from syntonic.nn.architectures.transformer_lm import TransformerLM
from syntonic.nn.training import RetrocausalTrainer

ESTIMATORS = [{"estimator": "weights", "population_size": 20}, {"estimator": "activations", "draws": 3}]
PLAIN = {"harmonize_strength": 0.0, "pull_strength": 0.0, "lambda_syntony": 0.0}


def digits():
    problem = registry.lookup("benchmark", "digits")(0, batch_size=32)
    made = MLP(Task(problem.input_shape, problem.output_shape), hidden=(16,), activation="relu")
    made.initialize(0)
    return made, problem


def signals():
    problem = registry.lookup("benchmark", "cnn")(0, data="mnist1d", batch_size=32)
    made = CNN1d(Task(problem.input_shape, problem.output_shape), channels=(4, 4), kernel_sizes=(5, 3))
    made.initialize(0)
    return made, problem


def values(made):
    return [np.asarray(p.data.to_tensor("float64")).copy() for p in made.parameters()]


def trained(made, problem, generations=1, **settings):
    """The records and the weights after each generation."""
    found = RetrocausalTrainer(3, max_generations=generations, threads=1, **settings)
    return [(record, values(made)) for record in found.run(made, problem)]


def cross_entropy(made, problem, smoothing):
    inputs, labels = problem.batch(0)
    logits = np.asarray(made(inputs), dtype=np.float64)
    logs = logits - logits.max(1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(1, keepdims=True))
    wanted = np.full(logs.shape, smoothing / logs.shape[1])
    wanted[np.arange(len(logs)), np.asarray(labels).astype(int)] += 1 - smoothing
    return -(wanted * logs).sum(1).mean()


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e["estimator"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_labels_are_spread_over_all_classes(estimator, smoothing):
    made, problem = digits()
    made.prepare()
    expected = cross_entropy(made, problem, smoothing)
    (record, _), *_ = trained(made, problem, label_smoothing=smoothing, lattice=False, **estimator)
    assert record.loss == pytest.approx(expected, rel=1e-5)


def test_an_exact_head_knows_smoothed_labels():
    """Many draws and the closed form of the head: the direction is the derivative of the smoothed loss."""
    made, problem = digits()
    made.prepare()
    step = {"lattice": False, "optimizer": "momentum", "beta1": 0.0, "learning_rate": 1e-3, "learning_rate_final": 1.0}
    before = values(made)
    trained(made, problem, estimator="activations", head="exact", label_smoothing=0.3, **step, **PLAIN)
    moved = (values(made)[-1] - before[-1]) / 1e-3
    probe = []
    for i in range(10):
        ends = []
        for sign in (1, -1):
            other, _ = digits()
            other.prepare()
            bias = list(other.parameters())[-1]
            shifted = before[-1].copy()
            shifted[i] += sign * 1e-2
            bias.data.set_flux([float(x) for x in shifted])
            ends.append(cross_entropy(other, problem, 0.3))
        probe.append((ends[0] - ends[1]) / 2e-2)
    np.testing.assert_allclose(moved, -np.array(probe), atol=2e-4)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e["estimator"])
def test_weights_decay_towards_the_origin(estimator):
    free, decayed = digits(), digits()
    settings = {"lattice": False, "learning_rate": 0.05, **PLAIN, **estimator}
    trained(*free, **settings)
    trained(*decayed, weight_decay=2.0, **settings)
    for a, b in zip(values(free[0]), values(decayed[0]), strict=True):
        np.testing.assert_allclose(b, a * (1 - 0.05 * 2.0), rtol=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e["estimator"])
@pytest.mark.parametrize("lattice", [True, False])
def test_the_model_is_an_average_of_the_weights(estimator, lattice):
    free, averaged = digits(), digits()
    settings = {"lattice": lattice, "error_feedback": False, "precision": 10_000, **estimator}
    before = values(free[0])
    free[0].prepare()
    course = trained(*free, generations=30, **settings)
    found = trained(*averaged, generations=30, ema_decay=0.8, **settings)
    assert [a.loss for a, _ in course] == [b.loss for b, _ in found], "what is trained are the weights themselves"
    average = before
    for generation, ((_, weights), (_, seen)) in enumerate(zip(course, found, strict=True)):
        decay = min(0.8, (1 + generation) / (10 + generation))
        average = [decay * a + (1 - decay) * w for a, w in zip(average, weights, strict=True)]
        for a, b in zip(average, seen, strict=True):
            np.testing.assert_allclose(b, a, atol=1e-3 if lattice else 1e-6)


def test_an_average_lies_on_the_lattice():
    made, problem = digits()
    trained(made, problem, generations=5, ema_decay=0.9, precision=10, **ESTIMATORS[1])
    assert all(abs(c) <= 10 for p in made.parameters() for pair in p.data.lattice() for c in pair)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e["estimator"])
def test_inputs_are_noisy_and_shifted_while_training_alone(estimator):
    losses = []
    for change in ({}, {"input_noise": 0.3}, {"shift": 3}, {"input_noise": 0.3, "shift": 3}):
        made, problem = signals()
        before = problem.evaluate(made)
        found = trained(made, problem, learning_rate=1e-12, lattice=False, **PLAIN, **change, **estimator)
        losses.append(found[0][0].loss)
        after = problem.evaluate(made)
        assert after == pytest.approx(before, rel=1e-4), "what is judged is not changed"
    assert len(set(losses)) == 4


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e["estimator"])
def test_a_resumed_run_has_the_bits_of_an_uninterrupted_one(estimator):
    settings = {
        "max_generations": 8,
        "label_smoothing": 0.1,
        "input_noise": 0.1,
        "shift": 2,
        "weight_decay": 0.1,
        "ema_decay": 0.9,
        **estimator,
    }
    made, problem = signals()
    whole = RetrocausalTrainer(3, **settings)
    list(whole.run(made, problem))
    cut, problem = signals()
    first = RetrocausalTrainer(3, **settings)
    for record in first.run(cut, problem):
        if record.generation == 5:
            break
    arrays, meta = first.state_dict()
    again, problem = signals()
    second = RetrocausalTrainer(3, **settings)
    second.load_state_dict(again, arrays, meta)
    assert all((a == b).all() for a, b in zip(values(again), values(cut), strict=True))
    list(second.run(again, problem))
    assert all((a == b).all() for a, b in zip(values(again), values(made), strict=True))
    kept = [{name: bytes(array["data"]) for name, array in run.state_dict()[0].items()} for run in (whole, second)]
    assert kept[0] == kept[1]
    assert "average" in kept[0]


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"input_noise": -0.1}, "input_noise"),
        ({"shift": -1}, "shift"),
        ({"weight_decay": float("nan")}, "weight_decay"),
        ({"ema_decay": 1.0}, "ema_decay"),
    ],
)
def test_settings_out_of_range_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        RetrocausalTrainer(0, **settings)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e["estimator"])
def test_what_does_not_fit_is_refused_before_a_run(estimator):
    def refused(made, problem, match, **settings):
        with pytest.raises(ValueError, match=match):
            RetrocausalTrainer(0, **settings, **estimator).check(made, problem)

    refused(model(), Waves(), r"cross-entropy.*label_smoothing=0", label_smoothing=0.1)
    refused(*digits(), r"signals .* or images .*shift=0.*\(32, 64\)", shift=2)
    problem = registry.lookup("benchmark", "language")(0, length=8, batch_size=4)
    made = TransformerLM(Task(problem.input_shape, problem.output_shape, problem.vocabulary), d_model=8, heads=2)
    made.initialize(0)
    refused(made, problem, r"numbers with input_noise > 0.*tokens", input_noise=0.1)
    refused(made, problem, r"numbers with shift > 0.*tokens", shift=1)
