"""Callbacks, with plain numbers."""

import math

import pytest

from syntonic.nn.training.callbacks import BestCheckpoint, Checkpoint, EarlyStop, Finite, Request


def test_a_checkpoint_is_due_after_so_many_generations() -> None:
    callback = Checkpoint(every_generations=3, every_seconds=None)
    due = [generation for generation in range(1, 10) if callback.after(generation, {}) is Request.CHECKPOINT]
    assert due == [3, 6, 9]


def test_a_checkpoint_is_due_after_so_many_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 101.0, 110.0, 119.0, 120.5])
    monkeypatch.setattr("syntonic.nn.training.callbacks.checkpoint.time.monotonic", lambda: next(clock))
    callback = Checkpoint(every_generations=None, every_seconds=10.0)
    answers = [callback.after(1, {}) is Request.CHECKPOINT for _ in range(4)]
    assert answers == [False, True, False, True]


@pytest.mark.parametrize(("mode", "values", "ends"), [("max", [0.2, 0.9, 1.0, 1.0], 3), ("min", [3.0, 0.5, 0.1], 2)])
def test_early_stop_at_a_target(mode: str, values: list[float], ends: int) -> None:
    callback = EarlyStop(metric="m", mode=mode, target=1.0 if mode == "max" else 0.5)  # type: ignore[arg-type]
    answers = [callback.after(step, {"m": value}) for step, value in enumerate(values, 1)]
    assert answers.index(Request.STOP) + 1 == ends


def test_early_stop_without_improvement_and_nan_is_none() -> None:
    callback = EarlyStop(metric="m", patience=2)
    answers = [callback.after(step, {"m": value}) for step, value in enumerate([0.1, 0.2, math.nan, 0.2], 1)]
    assert answers == [Request.NOTHING, Request.NOTHING, Request.NOTHING, Request.STOP]


def test_early_stop_remembers_across_an_interruption() -> None:
    values = [0.1, 0.4, 0.3, 0.2, 0.35, 0.3]
    whole = EarlyStop(metric="m", patience=3)
    expected = [whole.after(step, {"m": value}) for step, value in enumerate(values, 1)]
    for cut in range(len(values)):
        first = EarlyStop(metric="m", patience=3)
        for step, value in enumerate(values[:cut], 1):
            first.after(step, {"m": value})
        second = EarlyStop(metric="m", patience=3)
        second.restore(first.state())
        rest = [second.after(step, {"m": value}) for step, value in enumerate(values[cut:], cut + 1)]
        assert rest == expected[cut:]


def test_early_stop_names_the_metrics_that_there_are() -> None:
    with pytest.raises(ValueError, match="watches 'acuracy', the trainer reports accuracy, loss"):
        EarlyStop(metric="acuracy").after(1, {"accuracy": 0.5, "loss": 1.0})


@pytest.mark.parametrize(
    ("figures", "told"),
    [({"loss": float("nan")}, "loss is nan"), ({"loss": 1.0, "nan_members": 2.0}, "2 members are NaN")],
)
def test_finite_names_the_first_figure_that_is_no_number(figures: dict[str, float], told: str) -> None:
    watch = Finite()
    assert watch.after(1, {"loss": 1.0, "nan_members": 0.0}) is Request.NOTHING
    with pytest.raises(ValueError, match=f"generation 2: {told}"):
        watch.after(2, figures)


def test_a_best_is_kept_when_it_is_due_and_a_nan_is_none() -> None:
    callback = BestCheckpoint(metric="m", mode="min", every=3)
    values = [math.nan, 5.0, 4.0, 3.0, 2.0, 2.5, 2.5, 1.0, 9.0]
    kept = [step for step, value in enumerate(values, 1) if callback.after(step, {"m": value}) is Request.CHECKPOINT]
    assert kept == [2, 5, 8]
    assert callback.spared == 8
    again = BestCheckpoint(metric="m", mode="min", every=3)
    again.restore(callback.state())
    assert again.after(20, {"m": 1.0}) is Request.NOTHING
    assert again.after(21, {"m": 0.5}) is Request.CHECKPOINT
    fresh = BestCheckpoint(metric="m")
    fresh.restore(BestCheckpoint(metric="m").state())
    assert fresh.spared is None


def test_a_best_of_a_metric_that_is_not_reported_names_those_that_are() -> None:
    with pytest.raises(ValueError, match="watches 'acuracy', the trainer reports accuracy, loss"):
        BestCheckpoint(metric="acuracy").after(1, {"loss": 1.0, "accuracy": 0.0})
