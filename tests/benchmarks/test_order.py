import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Digits, Language, Sequences, Xor
from syntonic.benchmarks.order import order
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.search_path import opened
from syntonic.runners.run.build import build


class Waves:
    """Somebody's own: the number after each of a row of numbers; `answers` of them are judged."""

    vocabulary = None
    input_shape = (8, 1)
    output_shape = (8, 1)

    def __init__(self, ahead: int, answers: int = 8) -> None:
        self.ahead, self.answers = ahead, answers

    def batch(self, generation):
        rows = [[(i * i + 3 * row + generation) % 17 / 17 for i in range(20)] for row in range(4)]
        targets = [[[x] for x in row[self.ahead : self.ahead + self.answers]] for row in rows]
        return Tensor([[[x] for x in row[:8]] for row in rows]), Tensor(targets)


@pytest.mark.parametrize(
    ("benchmark", "expected"),
    [
        (lambda: Language(0, length=6), "next"),
        (lambda: Language(0, length=2, batch_size=1), "next"),
        (lambda: Sequences(0, variant="copy"), "free"),
        (lambda: Sequences(0, variant="reverse"), "later"),
        (lambda: Sequences(0, variant="sort"), "later"),
        (lambda: Sequences(0, variant="recall", length=7), "free"),
        (lambda: Sequences(0, variant="addition", vocabulary=11, length=3), "free"),
        (lambda: Xor(0), "free"),
        (lambda: Digits(0), "free"),
        (lambda: Waves(1), "next"),
        (lambda: Waves(3), "next"),
        (lambda: Waves(1, answers=7), "next"),
        (lambda: Waves(0), "free"),
        (lambda: Waves(9), "free"),
    ],
)
def test_what_a_benchmark_asks_of_the_order(benchmark, expected):
    assert order(benchmark()) == expected


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("model=transformer", "benchmark=language"), "depends on the input at place 1"),
        (("model=mlp", "benchmark=language"), "try model=transformer_lm$"),
        (("model=transformer_lm", "benchmark=transformer"), "it cannot be solved"),
        (("model=transformer_lm", "benchmark=transformer", "benchmark.variant=sort"), "it cannot be solved"),
    ],
)
def test_a_run_is_refused_before_anything_is_written(overrides, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with opened(()) as loader:
        composed = compose(loader, "config", list(overrides), multirun=False)
    with pytest.raises(RequestError, match=message):
        build(schema.check(composed.config))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "overrides",
    [("-cn", "language"), ("model=transformer_lm", "benchmark=transformer", "benchmark.variant=copy")],
)
def test_what_can_be_learnt_is_built(overrides):
    name, *rest = overrides[1:] if overrides[0] == "-cn" else ("config", *overrides)
    with opened(()) as loader:
        composed = compose(loader, name, rest, multirun=False)
    parts = build(schema.check(composed.config))
    # The check has left the model as it was made.
    again = registry.lookup("model", "transformer_lm")(
        Task(parts.benchmark.input_shape, parts.benchmark.output_shape, parts.benchmark.vocabulary),
        **{key: value for key, value in schema.check(composed.config).model.items() if key != "name"},
    )
    again.initialize(0)
    assert parts.model.state_dict() == again.state_dict()
