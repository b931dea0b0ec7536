import pytest

from syntonic.nn.analysis import health
from syntonic.nn.architectures import MLP, Task


def records(count: int = 60, **changed: float) -> list[dict[str, float]]:
    return [{"syntony": 0.3 + 0.005 * g, "nan_members": 0.0, "mean_fitness": 0.1 * g, **changed} for g in range(count)]


@pytest.fixture
def model():
    made = MLP(Task((6,), (3,)), hidden=(8,))
    made.initialize(0)
    return made


def test_a_run_that_gets_better_is_healthy(model):
    report = health(model, records(), population_size=64)
    assert report.is_healthy
    assert (report.warnings, report.search, report.weights) == ([], 1.0, 1.0)


def test_each_fault_is_named_with_advice(model):
    falling = [{"syntony": 0.3 + 0.01 * (-1) ** g, "nan_members": 16.0, "mean_fitness": -g} for g in range(60)]
    next(iter(model.parameters())).data.set_flux([0.0] * 48)
    report = health(model, falling, population_size=64)
    assert not report.is_healthy
    assert report.search == pytest.approx(0.75 / 2)
    assert len(report.warnings) == len(report.recommendations) == 4
    for word in ("up and down", "25.0% of the members", "falling", "is zero"):
        assert any(word in warning for warning in report.warnings)


def test_a_weight_far_from_the_others_is_named(model):
    name, parameter = next(iter(model.named_parameters()))
    parameter.data.set_flux([1e4 * x for row in parameter.data.to_list() for x in row])
    report = health(model, records(), population_size=64)
    assert report.weights < 1
    assert name in report.warnings[0]


def test_there_is_nothing_to_judge_before_the_first_generation(model):
    with pytest.raises(ValueError, match="at least one generation"):
        health(model, [], population_size=2)
