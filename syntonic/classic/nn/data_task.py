"""Examples that a model is trained on, in any of the forms that Python has them in, as a trainer's task."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from syntonic._core import Tensor, sample_batch
from syntonic.nn.loss import variance_cost
from syntonic.sn.array import A
from syntonic.sn.given import as_tensor

Loss = Callable[[Any, Any], Any]


class DataTask:
    """Inputs and targets, and the loss that is to be made small.

    Args:
        data: the pair (inputs, targets) as a tuple, each whatever a `Tensor` reads; or a list of pairs (x, y), one for
            each example.
        loss: of outputs and targets, made of operations of a forward pass; None: the mean squared error.
        batch_size: examples of a generation; None: all.
        seed: draws them.
        mu_phase: weight of the phase cost of the outputs, added to the loss.

    Raises:
        ValueError: no examples, or not as many targets.
    """

    def __init__(
        self,
        data: Any,  # noqa: ANN401 (see above)
        loss: Loss | None = None,
        *,
        batch_size: int | None = None,
        seed: int = 0,
        mu_phase: float = 0.0,
    ) -> None:
        self.inputs, self.targets = _split(data)
        self._loss: Final = loss
        self._count: Final = batch_size
        self._seed: Final = seed
        self._mu: Final = mu_phase

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns the examples of a generation."""
        split = self.inputs, self.targets
        if self._count is None or self._count >= self.inputs.shape[0]:
            return split
        return sample_batch(split, self._seed, generation, self._count)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the loss that is trained."""
        task = self.task_loss(outputs, targets)
        return task + variance_cost(outputs) * self._mu if self._mu else task

    def task_loss(self, outputs: A, targets: A) -> A:
        """Returns the loss on the data alone."""
        if self._loss is not None:
            found: A = self._loss(outputs, targets)
            return found
        # One output for each example may come with targets that have no axis for it.
        fitting = targets.reshape(outputs.shape) if _size(outputs) == _size(targets) else targets
        return outputs.mse(fitting)

    def metrics(self, outputs: A, targets: A) -> Mapping[str, A]:
        """Returns nothing more."""
        return {}


def _split(data: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401 (see above)
    if isinstance(data, tuple) and len(data) == 2:
        inputs, targets = (_single(part) for part in data)
    elif (
        isinstance(data, Sequence) and data and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in data)
    ):
        inputs, targets = (_single([_plain(pair[side]) for pair in data]) for side in (0, 1))
    else:
        raise ValueError(f"expected data as (inputs, targets), or as a list of pairs (x, y), got {type(data).__name__}")
    if not inputs.shape or not targets.shape or inputs.shape[0] != targets.shape[0] or not inputs.shape[0]:
        raise ValueError(f"expected as many targets as inputs, at least one, got {inputs.shape} and {targets.shape}")
    return inputs, targets


def _single(data: Any) -> Tensor:  # noqa: ANN401 (see above)
    found = as_tensor(data)
    if not isinstance(found, Tensor):
        raise ValueError(f"expected numbers, got {type(data).__name__}")
    return found.astype("float32")


def _plain(value: Any) -> Any:  # noqa: ANN401 (a tensor, or data)
    return value.tolist() if hasattr(value, "tolist") else value


def _size(x: A) -> int:
    size = 1
    for length in x.shape:
        size *= length
    return size
