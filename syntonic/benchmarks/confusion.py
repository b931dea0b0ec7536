"""Which classes a model takes for which, on the test data."""

from syntonic.benchmarks.answers import Classes
from syntonic.benchmarks.base import Model
from syntonic.benchmarks.standards import labels
from syntonic.benchmarks.supervised import AT_ONCE, Supervised


def confusion(benchmark: object, model: Model) -> tuple[list[str], list[list[int]]]:
    """Returns the names of the classes, and how many test examples of each (row) were taken for which one (column).

    Both are empty where the answers are no classes. A row whose logits are not all numbers counts for no class.
    """
    answers = getattr(benchmark, "answers", None)
    if not isinstance(benchmark, Supervised) or not isinstance(answers, Classes):
        return [], []
    inputs, targets = benchmark.test
    rows, count = inputs.shape[0], len(answers.names)
    at_once = max(1, AT_ONCE * rows // inputs.size)
    table = [[0] * count for _ in range(count)]
    for first in range(0, rows, at_once):
        few = min(at_once, rows - first)
        outputs = model(inputs.narrow(0, first, few)).tolist()
        for label, logits in zip(labels(targets.narrow(0, first, few)), outputs, strict=True):
            if all(logit == logit for logit in logits):
                table[int(label)][max(range(count), key=logits.__getitem__)] += 1
    return list(answers.names), table
