import numpy as np
import pytest
from waves import model

from syntonic.nn.training.metrics import (
    MetricsAggregator,
    SyntonyTracker,
    layer_syntonies,
    syntony_gap,
    weight_statistics,
)


def test_statistics_are_those_of_each_parameter():
    made = model()
    for name, parameter in made.named_parameters():
        values = np.asarray(parameter.data.to_tensor("float64"))
        found = weight_statistics(made)[name]
        expected = (values.mean(), values.std(), values.min(), values.max(), np.linalg.norm(values))
        assert (found.mean, found.deviation, found.minimum, found.maximum, found.norm) == pytest.approx(expected)
        assert layer_syntonies(made)[name] == parameter.data.syntony


def test_means_count_examples():
    aggregator = MetricsAggregator()
    aggregator.update({"loss": 1.0, "accuracy": 0.5}, count=30)
    aggregator.update({"loss": 4.0}, count=10)
    assert aggregator.compute() == {"loss": 1.75, "accuracy": 0.5}
    aggregator.reset()
    assert aggregator.compute() == {}
    with pytest.raises(ValueError, match="count is 0"):
        aggregator.update({}, count=0)


def test_a_tracker_sees_its_window():
    tracker = SyntonyTracker(window=4)
    assert (tracker.mean, tracker.variance, tracker.trend, tracker.is_archonic) == (0.0, 0.0, 0.0, False)
    for value in (9.0, 0.2, 0.4, 0.2, 0.4):
        tracker.add(value)
    assert (tracker.mean, tracker.variance) == pytest.approx((0.3, 0.01))
    assert tracker.is_archonic


def test_a_target_above_one_is_refused():
    with pytest.raises(ValueError, match=r"target is 1\.59"):
        syntony_gap(0.5, 1.59)
