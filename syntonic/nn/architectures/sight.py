"""Which inputs an output sees: found by changing later inputs and looking at earlier outputs, so for any model."""

import random
from array import array
from collections.abc import Iterator
from typing import Final

from syntonic._core import Tensor
from syntonic.nn.architectures.task import FITTING, Task
from syntonic.sn import Module

FEW: Final = 32
"""Up to this length every place is looked at; of longer sequences so many, the first and the last among them."""
AT_ONCE: Final = 4096
"""Places that are computed together, which bounds the memory."""


def check_order(model: Module, task: Task) -> None:
    """Checks that a model sees what the task's order asks for, and nothing that holds an answer.

    Args:
        model: one that nobody needs: its parameters are changed.
        task: that it was made for.

    Raises:
        ValueError: an output of a "next" task sees a later input, or no output of a "later" task does.
    """
    if task.order == "free":
        return
    seen = sees_later(model, task)
    if task.order == "next" and seen is not None:
        raise ValueError(
            f"the answer at each place is an input that comes after it, and the output at place {seen[0]} depends on "
            f"the input at place {seen[1]}: nothing would be learnt but to copy it; try {FITTING['next']}"
        )
    if task.order == "later" and seen is None:
        raise ValueError(
            "it cannot be solved: an answer depends on inputs that come after its place, and no output of this model "
            f"does; try {FITTING['later']}"
        )


def sees_later(model: Module, task: Task, seed: int = 0) -> tuple[int, int] | None:
    """Returns an output's place and the first of the later places that it depends on; None: the model is causal.

    The inputs before some place stay as they are, those from it on are changed, and every output before it must have
    the same bits. The model gets new values in all its parameters, so that no zero hides what it sees: hand over one
    that nobody needs.

    Args:
        model: answers at each place: (batch, length, ...) to (batch, length, ...).
        task: that it was made for.
        seed: draws inputs and parameters.
    """
    _spread(model, seed)
    model.eval()
    source = random.Random(seed)
    length = task.input_shape[0]
    width = task.inputs // length
    first = _inputs(task, source)
    other = _changed(first, task, source)
    for cuts in _groups(_cuts(length), max(1, AT_ONCE // length)):
        shape = (len(cuts), *task.input_shape)
        kept = model(Tensor(first * len(cuts), shape))
        # The same rows in the same places of a batch of the same size: what does not see the change has the same bits.
        mixed = array("f", [x for cut in cuts for x in (*first[: cut * width], *other[cut * width :])])
        changed = model(Tensor(mixed, shape))
        for row, cut in enumerate(cuts):
            for place in range(cut):
                if _place(kept, row, place, length) != _place(changed, row, place, length):
                    return place, cut
    return None


def _spread(model: Module, seed: int) -> None:
    for index, parameter in enumerate(model.parameters()):
        law = "kaiming" if len(parameter.shape) > 1 else "normal"
        parameter.data.initialize(law, seed=seed, index=index, gain=1.0, fan_in=parameter.fan_in)


def _inputs(task: Task, source: random.Random) -> "array[float]":
    if task.vocabulary is None:
        return array("f", [source.gauss(0.0, 1.0) for _ in range(task.inputs)])
    return array("f", [source.randrange(task.vocabulary) for _ in range(task.inputs)])


def _changed(inputs: "array[float]", task: Task, source: random.Random) -> "array[float]":
    """Returns inputs of which each differs from the one given, if there are two different ones at all."""
    if task.vocabulary is None:
        return array("f", [x + 1 + source.random() for x in inputs])
    shifts = range(1, max(2, task.vocabulary))
    return array("f", [(x + source.choice(shifts)) % task.vocabulary for x in inputs])


def _cuts(length: int) -> list[int]:
    if length <= FEW:
        return list(range(1, length))
    return sorted({1 + (length - 2) * i // (FEW - 1) for i in range(FEW)})


def _groups(cuts: list[int], size: int) -> Iterator[list[int]]:
    return (cuts[start : start + size] for start in range(0, len(cuts), size))


def _place(outputs: Tensor, row: int, place: int, length: int) -> bytes:
    content = memoryview(outputs).cast("B")
    size = len(content) // (outputs.shape[0] * length)
    start = (row * length + place) * size
    return bytes(content[start : start + size])
