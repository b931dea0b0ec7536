"""The syntonic layer and its networks by the arguments of the documents."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from syntonic.classic.nn.batch import of_task
from syntonic.nn import architectures
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module, ModuleList
from syntonic.sn.array import A

UNKNOWN: Final = 0.5
"""Syntony of what has seen nothing yet."""


class PureSyntonicLinear(architectures.SyntonicLinear):
    """An affine map, a recursion, a norm; see `SyntonicLinear`.

    Args:
        in_features: Size of the last axis of the input.
        out_features: Size of the last axis of the output.
        use_recursion: Whether there is a recursion block, or a ReLU in its place.
        dropout: Share of the outputs that is zeroed while a run trains.
        bias: Whether the affine map has a bias.
        golden_norm: Whether the norm aims at variance 1 / phi.

    Raises:
        ValueError: a size below 1 or another argument out of range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        use_recursion: bool = True,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        golden_norm: bool = True,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            use_recursion=use_recursion,
            dropout=dropout,
            bias=bias,
            golden_norm=golden_norm,
        )


class PureSyntonicMLP(architectures.SyntonicMLP):
    """Syntonic layers in a row and an affine map; see `SyntonicMLP`.

    Args:
        input_dim: Size of the last axis of the input.
        hidden_dims: Widths of the syntonic layers.
        output_dim: Size of the last axis of the output.
        dropout: Share of each layer's outputs that is zeroed while a run trains.
        use_recursion: Whether the layers have a recursion block.
        output_activation: None, "sigmoid" or "tanh".

    Raises:
        ValueError: a size below 1, an unknown activation or another argument out of range.
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dims: Sequence[int],
        output_dim: int,
        dropout: float = 0.0,
        use_recursion: bool = True,
        output_activation: Literal["none", "sigmoid", "tanh"] | None = None,
    ) -> None:
        super().__init__(
            input_dim,
            hidden_dims,
            output_dim,
            dropout=dropout,
            use_recursion=use_recursion,
            output_activation=output_activation or "none",
        )

    def get_intermediate_outputs(self, x: A) -> list[A]:
        """Returns the outputs of each syntonic layer, first to last."""
        return self.intermediate_outputs(x)


class PureDeepSyntonicMLP(Module):
    """An affine map, `depth` blocks x <- block(x) + x / phi of one width, and an affine map.

    With a `Task` as the first argument it is the model of a run, `DeepMLP`, where x <- x + block(x) / phi.

    Args:
        input_dim: Size of the last axis of the input.
        hidden_dim: Width of the blocks.
        output_dim: Size of the last axis of the output.
        depth: Number of blocks.
        dropout: Share of each block's outputs that is zeroed while a run trains.
        use_recursion: Whether the blocks have a recursion.

    Raises:
        ValueError: a size below 1 or another argument out of range.
    """

    def __new__(cls, *given: object, **named: object) -> Any:  # noqa: ANN401 (or the model of a run)
        """Returns the model, or that of a run for a task."""
        return of_task(architectures.DeepMLP, given, named) or super().__new__(cls)

    def __init__(
        self,
        input_dim: int,
        hidden_dim: int,
        output_dim: int,
        depth: int = 6,
        dropout: float = 0.0,
        use_recursion: bool = True,
    ) -> None:
        if depth < 1:
            raise ValueError(f"expected a depth of at least 1, got {depth}")
        self.inlet: Final = ResonantLinear(input_dim, hidden_dim)
        self.blocks: Final = ModuleList(
            architectures.SyntonicLinear(hidden_dim, hidden_dim, use_recursion=use_recursion, dropout=dropout)
            for _ in range(depth)
        )
        self.out: Final = ResonantLinear(hidden_dim, output_dim)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (..., input_dim) to (..., output_dim)."""
        y = self.inlet(x)
        for block in self.blocks:
            y = block(y).phi_residual(y)
        return self.out(y)
