"""What the tests of modules share: values for all parameters, one generation on a traced module, and the comparison of
eager, traced and evolved results."""

import numpy as np
import pytest

from syntonic._core import Evolution, Graph, Tensor
from syntonic.sn import functional as F

SETTINGS = {
    "seed": 1,
    "population_size": 32,
    "learning_rate": 0.01,
    "learning_rate_final": 1.0,
    "max_generations": 10,
    "lattice": False,
    "error_feedback": False,
    "harmonize_strength": 0.0,
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
    "dtype": "float64",
    "threads": 1,
}
DTYPES = ("float32", "float64")


def filled(module, seed=0, scale=0.7):
    """Gives every parameter, also those that start at zero or one, normal values; returns the module."""
    module.initialize(seed)
    rng = np.random.default_rng(seed)
    for parameter in module.parameters():
        parameter.data.set_flux(rng.standard_normal(parameter.shape) * scale)
    return module


def values(module):
    """Returns the parameters by name, as float64 arrays."""
    return {name: np.asarray(p.data.to_tensor("float64")) for name, p in module.named_parameters()}


def record(module, loss, x, y, **settings):
    """Runs one generation on the traced module: `loss` of its outputs and y."""
    parameters = [p.data for p in module.parameters()]
    graph = Graph(parameters)
    inputs = [graph.input(x.shape), graph.input(y.shape)]
    objective = graph.objective(loss(module(inputs[0]), inputs[1]))
    return Evolution(parameters, **{**SETTINGS, **settings}).step(objective, [x, y])


def squares(outputs, targets):
    return F.mse_loss(outputs, targets)


def compare(module, x, want, *, atol32=2e-5, atol64=1e-12):
    """The module computes `want` in both formats, the same bits when traced, and for members what it does alone."""
    shape = want.shape
    for dtype, atol in zip(DTYPES, (atol32, atol64), strict=True):
        given = Tensor(x, dtype=dtype)
        got = module(given)
        assert got.shape == shape
        assert got.dtype == dtype
        np.testing.assert_allclose(np.asarray(got), want, rtol=atol, atol=atol)
        if list(module.parameters()):
            same_bits(module, given, Tensor.zeros(shape, dtype), squares)


def same_bits(module, x, y, loss):
    """The traced centre has the eager loss to the last bit, and so have members that no noise moved."""
    alone = loss(module(x), y).item()
    found = record(module, loss, x, y, dtype=x.dtype, sigma=1e-300, learning_rate=1e-300)
    assert found.loss == alone
    assert found.best_fitness == -alone
    # The mean of 32 equal numbers, added one after another.
    assert found.mean_fitness == pytest.approx(-alone, rel=32 * 2.3e-16)


def best_member_alone(module, x, y, loss):
    """The best of moved members, as the new centre of the module, has alone the loss that it had in its group.

    Its weights are added up once more for that, so that they may differ in the last bit.
    """
    found = record(module, loss, x, y, dtype="float64", elitist=True)
    assert -found.best_fitness < found.loss
    assert loss(module(x), y).item() == pytest.approx(-found.best_fitness, rel=1e-12)
