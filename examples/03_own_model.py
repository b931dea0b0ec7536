"""A model of your own: a class, whose keyword arguments are the settings of an option.

In a file of its own the command takes it, `syntonic-run --use gated.py model=gated`: docs/own-model.md has that way.
"""

from typing import Annotated

from annotated_types import Ge

import syntonic
from syntonic.core.registry import register
from syntonic.nn.architectures import Task
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module
from syntonic.sn.array import A


@register("model", "gated")
class Gated(Module):
    """A layer that is switched on and off by another one. Keyword arguments are what a config may set."""

    def __init__(self, task: Task, *, width: Annotated[int, Ge(1)] = 8) -> None:
        task.refuse_tokens("a gated model")
        self.task = task
        self.value = ResonantLinear(task.inputs, width)
        self.gate = ResonantLinear(task.inputs, width)
        self.out = ResonantLinear(width, task.outputs)

    def forward(self, x: A, /) -> A:
        """Written for one member; the trainer runs it for the whole population."""
        flat = self.task.flat(x)
        return self.task.answer(self.out(self.value(flat) * self.gate(flat).sigmoid()))


result = syntonic.run(
    ["model=gated", "model.width=12", "benchmark=xor", "tracking=none"],
    quiet=True,
)
print(f"{result.title}: {result.status}, accuracy {result.metrics['test_accuracy']:.2f}")
assert result.metrics["test_accuracy"] == 1.0

# Its keyword arguments are checked like any other key, before anything is written.
message = ""
try:
    syntonic.run(["model=gated", "model.width=0"], quiet=True)
except ValueError as error:
    message = str(error)
print(message)
assert "model.width" in message
