"""A model that is no module: any object with `forward`, `get_weights` and `set_weights`, as the documents have it.

Its weights are ResonantTensors; the trainer asks for members and tells their fitness, and the model computes by itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from syntonic._core import ResonantTensor, Tensor
from syntonic.classic.nn.data_task import DataTask
from syntonic.nn.training import GenerationRecord, RetrocausalTrainer
from syntonic.sn import Module, ModuleList, Parameter
from syntonic.sn.array import A
from syntonic.sn.given import as_tensor


@runtime_checkable
class Weighted(Protocol):
    """A model by what it can do."""

    def forward(self, x: Any) -> Any:  # noqa: ANN401 (a ResonantTensor, to whatever a Tensor reads)
        """Returns the outputs for a batch."""
        ...

    def get_weights(self) -> Sequence[ResonantTensor]:
        """Returns the weights."""
        ...

    def set_weights(self, weights: list[ResonantTensor]) -> None:
        """Takes weights of the same shapes."""
        ...


class Held(Module):
    """The weights of such a model as parameters, in order."""

    class One(Module):
        """One weight."""

        def __init__(self, weight: ResonantTensor) -> None:
            self.weight: Final = Parameter(weight.shape, mode_norms=weight.mode_norms, precision=weight.precision)
            self.weight.load({"dtype": "float64", "shape": list(weight.shape), "data": _bytes(weight)})

        def forward(self, x: A, /) -> A:
            """Raises NotImplementedError: a weight computes nothing."""
            raise NotImplementedError("a weight computes nothing; call the model that it belongs to")

    def __init__(self, model: Weighted) -> None:
        self._model: Final = model
        self.weights: Final = ModuleList(self.One(weight) for weight in model.get_weights())

    def forward(self, x: A, /) -> A:
        """Returns the outputs of the model, with the weights as they stand."""
        self._model.set_weights([parameter.data.clone() for parameter in self.parameters()])
        return self._outputs(x)  # type: ignore[return-value]  # of tensors; nothing traces this

    def records(self, trainer: RetrocausalTrainer, task: DataTask) -> Iterator[GenerationRecord]:
        """Trains the model by asking and telling; yields a record of each generation."""
        trainer.begin(self)
        norms = [(p.data.mode_norms, p.data.precision) for p in self.parameters()]
        while trainer.generation < trainer.max_generations:
            inputs, targets = task.batch(trainer.generation)
            centre = -task.loss(self(inputs), targets).item()
            fitness = []
            for member in trainer.ask():
                parts = zip(member, norms, strict=True)
                self._model.set_weights([ResonantTensor.from_flux(x, None, n, m) for x, (n, m) in parts])
                fitness.append(-task.loss(self._outputs(inputs), targets).item())
            record = trainer.tell(fitness, centre)
            self._model.set_weights([parameter.data.clone() for parameter in self.parameters()])
            yield record

    def _outputs(self, x: Any) -> Tensor:  # noqa: ANN401 (a tensor)
        found = as_tensor(self._model.forward(ResonantTensor.from_flux(x)))
        if not isinstance(found, Tensor):
            raise TypeError(
                f"expected numbers of forward: a ResonantTensor, a Tensor or lists, got {type(found).__name__}"
            )
        return found.astype("float32")


def _bytes(weight: ResonantTensor) -> bytes:
    flux = weight.clone()
    flux.wake_flux()
    return flux.to_bytes()
