"""The winding net: points on a torus through blocks that keep only what raises their syntony."""

import itertools
import math
from typing import Annotated, Final, Literal, NamedTuple

from annotated_types import Ge, Gt, Le, Lt

from syntonic._core import Tensor
from syntonic.core.registry import register
from syntonic.nn.architectures.linear import SyntonicLinear
from syntonic.nn.architectures.task import Task
from syntonic.nn.layers import ResonantLinear, SyntonicGate
from syntonic.nn.winding import DHSRBlock, FibonacciHierarchy, TorusEmbedding, WindingStateEmbedding
from syntonic.sn import Module, ModuleList
from syntonic.sn.array import A


class BlockStatistics(NamedTuple):
    """What a block made of a batch.

    Attributes:
        accepted: Number of samples whose syntony rose enough.
        rejected: Number of the others, which passed unchanged.
        syntony: Mean syntony after the block.
    """

    accepted: int
    rejected: int
    syntony: float


@register("model", "winding")
class WindingNet(Module):
    """An embedding of the torus, then for each block: DHSR, a gate with the block's input, and the next width.

    Widths are base_dim times the Fibonacci numbers 1, 1, 2, 3, ... The outputs are an affine map of the last.

    Args:
        task: Inputs of (k,) numbers, 1 to 4 places on circles, and outputs.
        max_winding: Bound of |n| of the states that the embedding knows. More states cost more than they tell: of noisy
            clusters on the 4-torus 1 leaves a loss of .18 after 300 generations, and 2 leaves .43.
        embedding: "torus" sees cos(n x) and sin(n x) of each state; "lookup" has a row for each state and takes that of
            the nearest.
        period: Length of a circle in units of the inputs; 2 pi for angles. Only for "torus".
        base_dim: First width.
        num_blocks: Number of blocks.
        recursion: Whether the maps between widths hold a recursion H D; otherwise a ReLU.
        selection: Which features survive differentiation in a block; see `PrimeSelection`.
        norm: Whether norms aim at variance 1 / phi ("golden") or 1.
        threshold: How much a block must raise a sample's syntony to be accepted.
        dropout: Share of the activations that is zeroed while training.

    Raises:
        ValueError: a task of tokens or of another rank, or an argument out of range.
    """

    def __init__(
        self,
        task: Task,
        *,
        max_winding: Annotated[int, Ge(1), Le(5)] = 1,
        embedding: Literal["torus", "lookup"] = "torus",
        period: Annotated[float, Gt(0)] = 2 * math.pi,
        base_dim: Annotated[int, Ge(1)] = 8,
        num_blocks: Annotated[int, Ge(1)] = 2,
        recursion: bool = True,
        selection: Literal["square_free", "prime", "none"] = "square_free",
        norm: Literal["golden", "standard"] = "golden",
        threshold: Annotated[float, Ge(0)] = 0.024,
        dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
    ) -> None:
        task.refuse_tokens("a winding net")
        circles = task.input_shape[0]
        if len(task.input_shape) != 1 or circles > 4:
            raise ValueError(f"a winding net takes 1 to 4 places on circles, got {task.input_shape}; try model=mlp")
        self._task: Final = task
        widths = FibonacciHierarchy(num_blocks).layer_dims(base_dim)[: num_blocks + 1]
        self.embedding: Final[Module] = (
            TorusEmbedding(circles, base_dim, max_n=max_winding, period=period)
            if embedding == "torus"
            else WindingStateEmbedding(max_winding, base_dim, dimensions=circles)
        )
        self._blocks: Final = [
            DHSRBlock(width, selection=selection, threshold=threshold, dropout=dropout) for width in widths[:-1]
        ]
        self._gates: Final = [SyntonicGate(width) for width in widths[:-1]]
        self.blocks: Final = ModuleList(self._blocks)
        self.gates: Final = ModuleList(self._gates)
        self.transitions: Final = ModuleList(
            SyntonicLinear(a, b, use_recursion=recursion, dropout=dropout, golden_norm=norm == "golden")
            for a, b in itertools.pairwise(widths)
        )
        self.out: Final = ResonantLinear(widths[-1], task.outputs)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, circles) to (batch, *output_shape)."""
        self._task.check(x)
        y, _ = self._run(x)
        return self._task.answer(self.out(y))

    def syntony(self, x: A) -> A:
        """Returns the mean syntony after the blocks, over samples and blocks, a scalar."""
        _, judged = self._run(x)
        total = judged[0][1].mean()
        for _, syntony in judged[1:]:
            total = total + syntony.mean()
        return total * (1 / len(judged))

    def statistics(self, x: Tensor) -> list[BlockStatistics]:
        """Returns what each block made of a batch of points, (batch, circles)."""
        _, judged = self._run(x)
        counts = [(round(accepted.sum().item()), syntony.mean().item()) for accepted, syntony in judged]
        return [BlockStatistics(accepted, x.shape[0] - accepted, syntony) for accepted, syntony in counts]

    def _run(self, x: A) -> tuple[A, list[tuple[A, A]]]:
        """Returns the last activations, and (acceptance, syntony) of each block, both (batch, 1)."""
        x = self.embedding(x)
        judged: list[tuple[A, A]] = []
        for block, gate, transition in zip(self._blocks, self._gates, self.transitions, strict=True):
            y, accepted, syntony = block.judge(x)
            judged.append((accepted, syntony))
            x = transition(gate.mix(x, y))
        return x, judged
