"""What every registered benchmark must keep: a new one is tested the day it is registered."""

import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Benchmark
from syntonic.core import registry


@pytest.fixture(params=registry.names("benchmark"))
def make(request):
    return registry.lookup("benchmark", request.param)


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
    assert report.keys() == {f"{split}_{name}" for split in ("train", "test") for name in names}
    assert all(isinstance(value, float) for value in report.values())


def test_guessing_is_near_chance(make):
    benchmark = make(0)
    report = benchmark.evaluate(guess(benchmark))
    for name, level in benchmark.chance.items():
        assert report[f"test_{name}"] == pytest.approx(level, abs=0.05)
