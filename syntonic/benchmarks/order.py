"""What a benchmark asks of the order of its inputs: an answer may be an input that comes later, or need one."""

from typing import Any, Final

from syntonic._core import Tensor
from syntonic.benchmarks.base import Benchmark
from syntonic.nn.architectures.task import Order

ENOUGH: Final = 256
"""So many answers that are all later inputs are no accident."""
BATCHES: Final = 64


def order(benchmark: Benchmark) -> Order:
    """Returns what a benchmark asks of the order of its inputs.

    "next": the answers are the inputs a fixed number of places later, as in language, so that a model that sees them
    has nothing to learn; this is found in the batches. "later": a place needs inputs that come after it; a benchmark
    says so by `needs_later`, and is believed. "free": neither.
    """
    if (needs_later := getattr(benchmark, "needs_later", None)) is not None:
        return "later" if needs_later else "free"
    if len(benchmark.output_shape) != 2 or benchmark.input_shape[0] != benchmark.output_shape[0]:
        return "free"
    length = benchmark.input_shape[0]
    shifts = list(range(1, length // 2 + 1))
    compared = 0
    for generation in range(BATCHES):
        inputs, targets = benchmark.batch(generation)
        for asked, right in zip(_by_place(inputs, length), _by_place(targets, length), strict=True):
            # Where there are fewer answers than places, they are those of the first places.
            shifts = [s for s in shifts if 2 * len(right) > length and right[: length - s] == asked[s : s + len(right)]]
            compared += length
        if not shifts:
            return "free"
        if compared >= ENOUGH:
            break
    return "next"


def _by_place(values: Tensor, length: int) -> list[list[Any]]:
    """Returns (batch, places, ...) as a list of places for each row; an axis of length 1 at the end is left out."""
    shape = values.shape
    flat = values.reshape(shape[:-1]) if len(shape) > 2 and shape[-1] == 1 and shape[1] <= length else values
    rows: list[list[Any]] = flat.tolist()
    return rows
