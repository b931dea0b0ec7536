"""A sequence or an image by itself, as the documents give it: a batch of one."""

from typing import Any

from syntonic.nn.architectures import Task
from syntonic.sn import Module
from syntonic.sn.array import A


def batched(x: A, axes: int) -> A:
    """Returns a value with `axes` axes: one that lacks the batch axis becomes a batch of one."""
    return x.reshape((1, *x.shape)) if len(x.shape) == axes - 1 else x


def alone(y: A, x: A, axes: int) -> A:
    """Returns a result without its batch axis where `x` had none."""
    return y.reshape(y.shape[1:]) if len(x.shape) == axes - 1 else y


def of_task(model: type[Module], given: tuple[object, ...], named: dict[str, Any]) -> Module | None:
    """Returns the model of a run where a `Task` is given, as to the model itself; None for documented arguments."""
    is_task = isinstance(given[0] if given else named.get("task"), Task)
    return model(*given, **named) if is_task else None
