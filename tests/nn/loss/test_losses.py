"""Losses and regularization against NumPy, eager and traced."""

import math

import numpy as np
import pytest
import reference as ref
from evolving import filled, record

from syntonic._core import Q_DEFICIT, Tensor
from syntonic.classic import phase
from syntonic.nn import loss
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.layers import ResonantLinear

RNG = np.random.default_rng(9)
X = RNG.standard_normal((7, 6))


def scalar(value):
    return Tensor(value, (), dtype="float64")


def traced(function, x=X):
    """Returns what `function` gives in a program, once it has given the same bits for tensors."""
    layer, given = filled(ResonantLinear(6, 6)), Tensor(x, dtype="float64")
    eager = function(layer(given)).item()
    found = record(layer, lambda outputs, _: function(outputs), given, given, sigma=1e-300, learning_rate=1e-300)
    assert found.loss == eager == -found.best_fitness
    return function(given).item()


def phases(x):
    p = x**2 / (x**2).sum(-1, keepdims=True)
    z = np.exp(1j * np.pi * p).sum(-1)
    return np.arctan2(z.imag, z.real)


def test_syntonic_loss_and_its_parts():
    total = loss.SyntonicLoss(0.2, 0.5)
    assert total(scalar(3.0), scalar(0.25)).item() == pytest.approx(3.15)
    value = traced(lambda x: total(x.mean(), loss.activation_syntony(x), loss.variance_cost(x)))
    want = X.mean() + 0.2 * (1 - ref.syntony(X).mean()) + 0.5 * ((X.var() - 1 / ref.PHI) / (1 + 1 / ref.PHI)) ** 2
    assert value == pytest.approx(want, abs=1e-12)


def test_parts_are_weighted():
    parts = loss.SyntonicLoss(0.2, 0.5).parts(scalar(0.0), scalar(0.0), scalar(2.0))
    assert [part.item() for part in parts] == pytest.approx([1.2, 0.0, 0.2, 1.0])


def test_later_layers_weigh_more():
    layered = loss.LayerwiseSyntonicLoss(0.3)
    low = layered(scalar(1.0), [scalar(0.0), scalar(1.0)]).item()
    high = layered(scalar(1.0), [scalar(1.0), scalar(0.0)]).item()
    assert low == pytest.approx(1 + 0.3 / (1 + ref.PHI))
    assert high == pytest.approx(1 + 0.3 * ref.PHI / (1 + ref.PHI))


def test_entropy_syntony():
    p = ref.softmax(X)
    want = (1 + (p * np.log(p)).sum(-1) / np.log(6)).mean()
    assert traced(loss.entropy_syntony) == pytest.approx(want, abs=1e-12)
    assert loss.entropy_syntony(Tensor([[500.0, 0.0]])).item() == 1
    assert loss.entropy_syntony(Tensor([[2.0, 2.0]])).item() == pytest.approx(0, abs=1e-6)


def test_the_phase_functional():
    want = ((phases(X) - np.pi / 2) ** 2).mean()
    exact = [phase.phase_cost(phase.phase_functional(phase.density_spectrum(row))) for row in X.tolist()]
    assert want == pytest.approx(np.mean(exact), abs=1e-12)
    assert traced(loss.phase_cost) == pytest.approx(want, abs=2e-7)
    assert loss.PhaseAlignmentLoss(0.5)(Tensor(X, dtype="float64")).item() == pytest.approx(want / 2, abs=2e-7)


def test_phases_of_known_spectra():
    halves = Tensor([[1.0, 1.0]], dtype="float64")  # z = 2 i
    assert loss.phase_cost(halves).item() == pytest.approx(0, abs=1e-14)
    equal = Tensor.ones((1, 50), "float64")  # the phase is pi / 50
    assert loss.phase_cost(equal).item() == pytest.approx((math.pi / 2 - math.pi / 50) ** 2, abs=2e-7)
    nothing = Tensor.zeros((1, 4), "float64")
    assert loss.phase_cost(nothing).item() == pytest.approx((math.pi / 2) ** 2, abs=2e-7)


def test_the_variance_form():
    want = ((X.var() - 1 / ref.PHI) / (1 + 1 / ref.PHI)) ** 2
    assert traced(loss.variance_cost) == pytest.approx(want, abs=1e-12)
    x = Tensor(X, dtype="float64")
    assert loss.PhaseAlignmentLoss(2.0, form="variance")(x).item() == pytest.approx(2 * want)
    assert loss.IPiConstraint(0.5, 4.0)(x).item() == pytest.approx(want / 8)


def test_orthogonal_halves():
    constraint = loss.IPiConstraint(1.0, form="halves")
    a, b = X[:, :3], X[:, 3:]
    want = ((a * b).sum(-1) ** 2 / ((a**2).sum(-1) * (b**2).sum(-1))).mean()
    assert traced(constraint) == pytest.approx(want, abs=1e-12)
    with pytest.raises(ValueError, match="5 features have no two halves"):
        constraint(Tensor.ones((2, 5)))


def test_a_golden_schedule():
    schedule = loss.GoldenPhaseSchedule(8)
    assert [schedule.weight(g) for g in (-1, 0, 4, 8, 9)] == pytest.approx([0, 0, 1 - 0.5**ref.PHI, 1, 1])


def test_regularization_of_a_model_within_a_program():
    model = filled(MLP(Task((6,), (2,)), hidden=(3,)))
    weights = [np.asarray(p.data.to_tensor("float64")) for p in model.parameters()]
    decay = sum(ref.PHI**-i * (w**2).sum() for i, w in enumerate(weights))
    spreads = np.array([w.var() for w in weights])
    sparse = np.mean([(1 / (1 + v) - 1 / ref.PHI) ** 2 for v in spreads])
    want = 0.01 * decay + 0.02 * sparse + 0.03 * spreads.var()
    regularizer = loss.SyntonicRegularizer(0.01, 0.02, 0.03)

    def cost(outputs, _):
        return regularizer(loss.weights_of(model, outputs))

    x = Tensor(X, dtype="float64")
    assert cost(x, x).item() == pytest.approx(want, rel=1e-12)
    found = record(model, cost, x, x, sigma=1e-300, learning_rate=1e-300)
    assert found.loss == cost(x, x).item() == -found.best_fitness


def test_a_constraint_on_syntony():
    constraint = loss.SyntonyConstraint(0.8, 0.1, 2.0)
    assert [constraint(scalar(s)).item() for s in (0.2, 0.7, 0.9)] == pytest.approx([0.5, 0, 0])


def test_recursion_losses():
    steps = [X, X * 0.5, X * 1.5, X * 2.5]
    states = [Tensor(s, dtype="float64") for s in steps]
    errors = [((c - b - a) ** 2).mean() for a, b, c in zip(steps, steps[1:], steps[2:], strict=False)]
    assert loss.fibonacci_residual(states).item() == pytest.approx(np.mean(errors))
    ratios = np.array([0.5, 3.0, 5 / 3])
    assert loss.golden_growth(states).item() == pytest.approx(((ratios - ref.PHI) ** 2).mean())
    grown = [Tensor(X * ref.PHI**i, dtype="float64") for i in range(4)]
    assert loss.fibonacci_residual(grown).item() == pytest.approx(0, abs=1e-24)
    assert loss.golden_growth(grown).item() == pytest.approx(0, abs=1e-24)


def test_q_losses():
    assert loss.q_loss(scalar(2.0), scalar(0.25)).item() == pytest.approx(2 + 0.75 * Q_DEFICIT)
    assert loss.deficit_error(scalar(1 - Q_DEFICIT)).item() == pytest.approx(0, abs=1e-15)
    assert loss.deficit_error(scalar(0.4), 0.5).item() == pytest.approx(0.2 - Q_DEFICIT)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: loss.SyntonicLoss(-1.0), "at least 0"),
        (lambda: loss.LayerwiseSyntonicLoss(-1.0), "at least 0"),
        (lambda: loss.LayerwiseSyntonicLoss()(scalar(1.0), []), "at least one layer"),
        (lambda: loss.entropy_syntony(Tensor.ones((2, 1))), "at least 2"),
        (lambda: loss.PhaseAlignmentLoss(form="shape"), "phase or variance"),
        (lambda: loss.IPiConstraint(1.0, 0.0), "positive temperature"),
        (lambda: loss.GoldenPhaseSchedule(0), "at least one generation"),
        (lambda: loss.variance_cost(Tensor.ones(2), 0.0), "positive target"),
        (lambda: loss.SyntonicRegularizer(-1.0), "at least 0"),
        (lambda: loss.golden_decay([]), "at least one layer"),
        (lambda: loss.incoherence([]), "at least one layer"),
        (lambda: loss.SyntonyConstraint(1.59), "0 < target <= 1"),
        (lambda: loss.fibonacci_residual([Tensor.ones(2)] * 2), "three states"),
        (lambda: loss.fibonacci_residual([Tensor.ones(2)] * 2 + [Tensor.ones(3)]), "one shape"),
        (lambda: loss.golden_growth([Tensor.ones(2)]), "two states"),
        (lambda: loss.deficit_error(scalar(0.5), 1.59), "0 < target <= 1"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
