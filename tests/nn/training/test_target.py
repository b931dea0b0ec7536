import json

import pytest

from syntonic.nn.training.callbacks import Request, Target


def generation(value: float) -> dict[str, float]:
    return {"accuracy": value, "seconds": 0.5, "evaluations_per_second": 64.0}


def test_the_first_generation_that_reaches_a_target_counts():
    target = Target(values=[0.95, 0.9])
    for number, value in enumerate([0.1, 0.92, 0.5, 0.95, 1.0], start=1):
        assert target.after(number, generation(value)) == Request.NOTHING
    assert target.results() == {
        "generations_to_accuracy_0.9": 2.0,
        "evaluations_to_accuracy_0.9": 64.0,
        "seconds_to_accuracy_0.9": 1.0,
        "generations_to_accuracy_0.95": 4.0,
        "evaluations_to_accuracy_0.95": 128.0,
        "seconds_to_accuracy_0.95": 2.0,
    }
    assert sorted(target.reports()) == sorted(target.results())


def test_a_target_of_the_least_and_an_end():
    target = Target(metric="loss", mode="min", values=[0.1, 0.5], stop=True)
    assert target.after(1, {"loss": 0.3}) == Request.NOTHING
    assert target.after(2, {"loss": 0.1}) == Request.STOP
    assert target.results()["generations_to_loss_0.5"] == 1
    assert target.results()["generations_to_loss_0.1"] == 2


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_what_is_not_reached_is_not_told(value):
    target = Target()
    target.after(1, generation(value))
    target.after(2, {"loss": 1.0})
    assert target.results() == {}


def test_a_resumed_run_tells_what_an_uninterrupted_one_does():
    values = [0.5, 0.91, 0.7, 0.96, 0.999]
    whole, first = Target(), Target()
    for number, value in enumerate(values, start=1):
        whole.after(number, generation(value))
    for number, value in enumerate(values[:3], start=1):
        first.after(number, generation(value))
    second = Target()
    second.restore(json.loads(json.dumps(first.state())))
    for number, value in enumerate(values[3:], start=4):
        second.after(number, generation(value))
    assert second.results() == whole.results()
    assert second.state() == whole.state()


def test_who_has_not_seen_the_beginning_says_nothing():
    target = Target()
    for number in (4, 5):
        target.after(number, generation(1.0))
    assert target.results() == {}
