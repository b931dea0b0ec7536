"""The deep multilayer perceptron: equal blocks with golden residuals."""

from typing import Annotated, Final, Literal

from annotated_types import Ge, Lt

from syntonic.core.registry import register
from syntonic.nn.architectures.linear import SyntonicLinear
from syntonic.nn.architectures.task import Task
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module, ModuleList
from syntonic.sn.array import A


@register("model", "deep_mlp")
class DeepMLP(Module):
    """An affine map to `width`, `depth` blocks x <- x + block(x) / phi, and an affine map to the outputs.

    What comes in passes every block whole. The other way round, block(x) + x / phi, it fades with each block: on the
    digits that left a loss of .30 after 200 generations where this leaves .18.

    Args:
        task: Shapes of the inputs, which are numbers and are flattened, and of the outputs.
        width: Features of each block.
        depth: Number of blocks.
        recursion: Whether a block is a recursion H D; otherwise a ReLU.
        residual: "phi" adds block(x) / phi, "standard" adds block(x), "phi_symmetric" divides that sum by phi.
        norm: Whether a block's norm aims at variance 1 / phi ("golden") or 1.
        dropout: Share of each block's outputs that is zeroed while training.

    Raises:
        ValueError: an argument out of range, or a task of tokens.

    >>> model = DeepMLP(Task((8, 8, 1), (10,)), width=16, depth=3)
    >>> sum(p.data.size for p in model.parameters())
    4570
    """

    def __init__(
        self,
        task: Task,
        *,
        width: Annotated[int, Ge(1)] = 16,
        depth: Annotated[int, Ge(1)] = 3,
        recursion: bool = True,
        residual: Literal["phi", "phi_symmetric", "standard"] = "phi",
        norm: Literal["golden", "standard"] = "golden",
        dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
    ) -> None:
        task.refuse_tokens("a DeepMLP")
        self._task: Final = task
        self._residual: Final = residual
        self.inlet: Final = ResonantLinear(task.inputs, width)
        self.blocks: Final = ModuleList(
            SyntonicLinear(width, width, use_recursion=recursion, dropout=dropout, golden_norm=norm == "golden")
            for _ in range(depth)
        )
        self.out: Final = ResonantLinear(width, task.outputs)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, *input_shape) to (batch, *output_shape)."""
        y = self.inlet(self._task.flat(x))
        for block in self.blocks:
            y = y.phi_residual(block(y), self._residual)
        return self._task.answer(self.out(y))
