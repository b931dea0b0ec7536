import math

import numpy as np
import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Xor
from syntonic.nn.analysis import sensitivity
from syntonic.nn.architectures import MLP, Task


def start() -> MLP:
    model = MLP(Task((2,), (1,)), hidden=(8,), activation="tanh")
    model.initialize(4)
    return model


def gradient(model: MLP, benchmark: Xor, name: str) -> np.ndarray:
    """Central differences along every axis of one parameter, one by one."""
    inputs, targets = (part.astype("float64") for part in benchmark.batch(1))
    data = dict(model.named_parameters())[name].data
    centre = np.asarray(data.to_tensor("float64")).copy()
    slopes = np.zeros(centre.size)
    for i in range(centre.size):
        losses = []
        for step in (1e-5, -1e-5):
            moved = centre.copy().reshape(-1)
            moved[i] += step
            data.set_flux(Tensor(moved, dtype="float64"))
            losses.append(benchmark.loss(model(inputs), targets).item())
        slopes[i] = (losses[0] - losses[1]) / 2e-5
    data.set_flux(Tensor(centre.reshape(-1), dtype="float64"))
    return slopes


def test_the_slope_is_that_of_the_gradient():
    model, benchmark = start(), Xor(0, variant="noisy")
    report = sensitivity(model, benchmark, benchmark.batch(1), step=1e-4, directions=600)
    for name, found in report.items():
        slopes = gradient(start(), benchmark, name)
        expected = np.linalg.norm(slopes) / math.sqrt(slopes.size)
        # The mean of 600 squared cosines; for one value there is nothing random.
        assert found.slope == pytest.approx(expected, rel=0.15 if slopes.size > 1 else 1e-5)
        assert found.agreement > 0.9


def test_the_model_is_left_as_it_was():
    model, benchmark = start(), Xor(0)
    before = model.state_dict()
    sensitivity(model, benchmark, benchmark.batch(1), directions=2)
    assert model.state_dict() == before


def test_what_snapping_costs_is_told():
    model, benchmark = start(), Xor(0)
    report = sensitivity(model, benchmark, benchmark.batch(1), directions=1)
    assert any(found.snap_change != 0 for found in report.values())
    for parameter in model.parameters():
        parameter.data.crystallize()
    crystallized = sensitivity(model, benchmark, benchmark.batch(1), directions=1)
    assert all(found.snap_change == 0 for found in crystallized.values())


def test_a_step_must_be_positive():
    with pytest.raises(ValueError, match="step is 0"):
        sensitivity(start(), Xor(0), Xor(0).batch(1), step=0)
