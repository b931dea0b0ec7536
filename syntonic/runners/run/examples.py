"""A few answers of a trained model to test examples, as texts: what was asked, what is right, what it says."""

from collections.abc import Iterable
from typing import Any, Final

from syntonic._core import Tensor
from syntonic.benchmarks.answers import Numbers
from syntonic.benchmarks.base import Benchmark
from syntonic.runners.run.nested import leaves

_FEW: Final = 8
_NUMBERS: Final = 6  # of an example's inputs that a line has room for
_BYTES: Final = 256  # a vocabulary of so many tokens is text


def examples(benchmark: Benchmark, model: Any) -> list[list[str]]:  # noqa: ANN401 (any model that computes)
    """Returns rows of (asked, right, said), spread evenly over the test data.

    Of classes there are none, a confusion matrix tells more of them; nor of a benchmark without test examples.

    Args:
        benchmark: that judged the model; its `test` has inputs (samples, *input_shape) and targets (samples, ...).
        model: with the centre's weights.
    """
    test: tuple[Tensor, Tensor] | None = getattr(benchmark, "test", None)
    answers = getattr(benchmark, "answers", None)
    if test is None or not (benchmark.vocabulary is not None or isinstance(answers, Numbers)):
        return []
    inputs, targets = test
    count = min(_FEW, inputs.shape[0])
    places = [(inputs.shape[0] - 1) * number // max(1, count - 1) for number in range(count)]
    rows = []
    for place in places:
        asked, right = inputs.narrow(0, place, 1), targets.narrow(0, place, 1)
        said = model(asked).tolist()[0]
        if isinstance(answers, Numbers):
            shown = [_numbers(asked.tolist()[0]), *(_unit(answers, one) for one in (right.tolist()[0], said))]
        else:
            expected = list(leaves(right.tolist()[0]))
            likeliest = [max(range(len(logits)), key=logits.__getitem__) for logits in said[-len(expected) :]]
            shown = [_tokens(each, benchmark.vocabulary) for each in (leaves(asked.tolist()[0]), expected, likeliest)]
        rows.append(shown)
    return rows


def _unit(answers: Numbers, value: Any) -> str:  # noqa: ANN401 (nested lists of one number)
    return f"{next(leaves(value)) * answers.scale + answers.mean:.5g}"


def _numbers(row: Any) -> str:  # noqa: ANN401 (nested lists)
    values = list(leaves(row))
    return ", ".join(f"{value:.4g}" for value in values[:_NUMBERS]) + (", ..." if values[_NUMBERS:] else "")


def _tokens(tokens: Iterable[float], vocabulary: int | None) -> str:
    found = [int(token) for token in tokens]
    return bytes(found).decode("utf-8", "replace") if vocabulary == _BYTES else " ".join(map(str, found))
