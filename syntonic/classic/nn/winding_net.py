"""The winding net by the arguments of the documents: it takes winding states, and tells what its blocks made of it."""

from typing import Any, Final

from syntonic._core import Tensor
from syntonic.classic.nn.batch import of_task
from syntonic.nn import architectures
from syntonic.nn.winding import WindingStateEmbedding
from syntonic.sn.array import A

UNSEEN: Final = 0.5
"""Network syntony before the first forward pass."""


class WindingNet(architectures.WindingNet):
    """An embedding of winding states, then blocks that keep only what raises their syntony; see `WindingNet` of a run.

    With a `Task` as the first argument it is the model of a run.

    Args:
        max_winding: Bound of |n| of the states that have a row.
        base_dim: First width; the others are Fibonacci numbers times as wide.
        num_blocks: Number of blocks.
        output_dim: Number of outputs.
        threshold: How much a block must raise a state's syntony to be accepted.
        dropout: Share of the activations that is zeroed while a run trains.
        precision: Bound on the lattice coefficients of a snap of the table.
        consensus_threshold: The same as threshold.

    Raises:
        ValueError: an argument out of range; `forward`: points of another shape.
    """

    def __new__(cls, *given: object, **named: object) -> Any:  # noqa: ANN401 (or the model of a run)
        """Returns the net, or that of a run for a task."""
        return of_task(architectures.WindingNet, given, named) or super().__new__(cls)

    def __init__(
        self,
        max_winding: int = 5,
        base_dim: int = 64,
        num_blocks: int = 3,
        output_dim: int = 2,
        threshold: float = 0.024,
        dropout: float = 0.0,
        precision: int = 100,
        *,
        consensus_threshold: float | None = None,
    ) -> None:
        super().__init__(
            architectures.Task((4,), (output_dim,)),
            max_winding=max_winding,
            embedding="lookup",
            base_dim=base_dim,
            num_blocks=num_blocks,
            threshold=threshold if consensus_threshold is None else consensus_threshold,
            dropout=dropout,
        )
        self.embedding = WindingStateEmbedding(max_winding, base_dim, precision=precision)  # type: ignore[misc]
        self._seen: Tensor | None = None

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, 4), or a list of winding states, to (batch, output_dim)."""
        if isinstance(x, Tensor):
            self._seen = x
        return super().forward(x)

    @property
    def network_syntony(self) -> float:
        """Mean syntony after the blocks for the last states that were seen; 1/2 before the first."""
        return UNSEEN if self._seen is None else self.syntony(self._seen).item()

    def get_blockchain_stats(self) -> dict[str, Any]:
        """Returns how many of the last states blocks accepted and rejected, their mean syntony, and those of each."""
        blocks = [] if self._seen is None else self.statistics(self._seen)
        return {
            "accepted": sum(block.accepted for block in blocks),
            "rejected": sum(block.rejected for block in blocks),
            "mean_syntony": self.network_syntony,
            "blocks": [block._asdict() for block in blocks],
        }
