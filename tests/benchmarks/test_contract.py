"""What every registered benchmark must keep: a new one is tested the day it is registered."""

from functools import partial

import own_data
import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Benchmark
from syntonic.core import registry

# What judges members by itself has no batches; other tests may have registered fakes.
CLASSES = {name: registry.lookup("benchmark", name) for name in registry.names("benchmark")}
WITH_DATA = [n for n, cls in CLASSES.items() if cls.__module__.startswith("syntonic.") and not hasattr(cls, "judge")]


@pytest.fixture(params=WITH_DATA)
def make(request, tmp_path):
    given = own_data.arguments(request.param, tmp_path)
    return partial(registry.lookup("benchmark", request.param), **given)


def same(a: Tensor, b: Tensor) -> bool:
    return bytes(memoryview(a)) == bytes(memoryview(b))


def guess(benchmark: Benchmark):
    """A model that has learnt nothing: all outputs are zero."""
    return lambda x: Tensor.zeros((x.shape[0], *benchmark.output_shape))


def test_batches_have_the_promised_shapes_in_every_generation(make):
    benchmark = make(0)
    inputs, targets = benchmark.batch(1)
    assert inputs.shape[1:] == benchmark.input_shape
    assert inputs.dtype == targets.dtype == benchmark.dtype
    assert inputs.shape[0] == targets.shape[0] > 0
    for generation in (2, 3, 1000):
        again, labels = benchmark.batch(generation)
        assert (again.shape, labels.shape) == (inputs.shape, targets.shape)


def test_a_batch_is_a_function_of_seed_and_generation(make):
    one, other = make(3), make(3)
    for generation in (7, 1, 7):
        for a, b in zip(one.batch(generation), other.batch(generation), strict=True):
            assert same(a, b)


def test_loss_and_metrics_are_scalars(make):
    benchmark = make(0)
    inputs, targets = benchmark.batch(1)
    outputs = guess(benchmark)(inputs)
    assert benchmark.loss(outputs, targets).shape == ()
    metrics = benchmark.metrics(outputs, targets)
    assert metrics.keys() == benchmark.chance.keys()
    assert all(value.shape == () for value in metrics.values())


def test_evaluate_reports_loss_and_metrics_of_both_splits(make):
    benchmark = make(0)
    report = benchmark.evaluate(guess(benchmark))
    names = {"loss", *benchmark.chance}
    splits = {key.partition("_")[0] for key in report}
    assert {"train", "test"} <= splits <= {"train", "validation", "test"}
    assert report.keys() == {f"{split}_{name}" for split in splits for name in names}
    assert all(isinstance(value, float) for value in report.values())


def test_guessing_is_near_chance(make):
    benchmark = make(0)
    report = benchmark.evaluate(guess(benchmark))
    for name, level in benchmark.chance.items():
        assert report[f"test_{name}"] == pytest.approx(level, abs=0.05)


def recorded(benchmark: Benchmark) -> list[Tensor]:
    """All inputs that `evaluate` shows to a model, training data first."""
    shown: list[Tensor] = []

    def note(x: Tensor) -> Tensor:
        shown.append(x)
        return guess(benchmark)(x)

    benchmark.evaluate(note)
    return shown


def rows(inputs: Tensor) -> list[str]:
    return [repr(row) for row in inputs.tolist()]


def test_every_metric_stands_beside_a_computed_baseline(make):
    benchmark = make(0)
    assert bool(benchmark.rules) is bool(benchmark.chance), "every metric has a rule"
    assert benchmark.baseline.keys() == benchmark.chance.keys()
    for metric, level in benchmark.baseline.items():
        reached = [figures[metric] for figures in benchmark.rules.values()]
        assert level == (max(reached) if metric == "accuracy" else min(reached))
        assert metric != "accuracy" or benchmark.ceiling.get(metric, level) >= level


def test_test_cases_are_counted_and_none_is_in_a_batch(make):
    benchmark = make(0)
    shown = recorded(benchmark)
    halves = len({key.partition("_")[0] for key in benchmark.evaluate(guess(benchmark))})
    test = [row for inputs in shown[-(len(shown) // halves) :] for row in rows(inputs)]
    assert 0 < benchmark.cases.distinct <= len(set(test)) <= len(test)
    assert 0 <= benchmark.cases.unseen <= benchmark.cases.distinct
    trained = {row for generation in range(20) for row in rows(benchmark.batch(generation)[0])}
    assert len(set(test) & trained) <= benchmark.cases.distinct - benchmark.cases.unseen


def test_standards_are_the_same_in_every_process_and_for_every_seed_of_the_same_data(make):
    assert (make(3).rules, make(3).cases) == (make(3).rules, make(3).cases)
