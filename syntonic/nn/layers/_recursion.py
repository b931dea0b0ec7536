"""Recursion: differentiation, then harmonization, R = H D; and a stack of such blocks."""

import itertools
from collections.abc import Sequence
from typing import Final

from syntonic.nn.layers._differentiation import Differentiation
from syntonic.nn.layers._harmonization import Harmonization
from syntonic.nn.layers._syntonic_gate import SyntonicGate
from syntonic.sn import Module, ModuleList
from syntonic.sn.array import A
from syntonic.sn.syntony import operator_syntony


class RecursionBlock(Module):
    """y = H(D(x)), and with a gate g y + (1 - g) x.

    Args:
        in_features: Size of the last axis of the input.
        hidden_features: Size between D and H; that of the input if not given.
        out_features: Size of the last axis of the output; that of the input if not given.
        use_gate: Whether a `SyntonicGate` mixes the result with the input.
        bias: Whether the affine maps have a bias.
        alpha_scale: Factor of D.
        beta_scale: Factor of the damping in H.
        gamma_scale: Factor of the coherence in H.

    Raises:
        ValueError: a gate between unequal widths, or another argument out of range.
    """

    def __init__(
        self,
        in_features: int,
        hidden_features: int | None = None,
        out_features: int | None = None,
        *,
        use_gate: bool = False,
        bias: bool = True,
        alpha_scale: float = 1.0,
        beta_scale: float = 1.0,
        gamma_scale: float = 1.0,
    ) -> None:
        hidden = in_features if hidden_features is None else hidden_features
        out = in_features if out_features is None else out_features
        if use_gate and out != in_features:
            raise ValueError(f"a gate mixes input and output, so their widths must agree; got {in_features} and {out}")
        self._widths: Final = {in_features, hidden, out}
        self.differentiation: Final = Differentiation(in_features, hidden, bias=bias, alpha_scale=alpha_scale)
        self.harmonization: Final = Harmonization(
            hidden, out, bias=bias, beta_scale=beta_scale, gamma_scale=gamma_scale
        )
        self.gate: Final = SyntonicGate(in_features) if use_gate else None

    def forward(self, x: A, /) -> A:
        """Returns R x: (..., in_features) to (..., out_features)."""
        y = self.harmonization(self.differentiation(x))
        return self.gate.mix(x, y) if self.gate else y

    def syntony(self, x: A) -> A:
        """Returns the operator syntony of D and H at x, a scalar in [0, 1]; see `operator_syntony`.

        Raises:
            ValueError: the block changes the width.
        """
        if len(self._widths) > 1:
            raise ValueError(f"the syntony of a block compares equal widths, got {sorted(self._widths)}")
        differentiated = self.differentiation(x)
        return operator_syntony(x, differentiated, self.harmonization(differentiated))


class DeepRecursionNet(Module):
    """Recursion blocks in a row, from one width to the next.

    Args:
        dims: Widths: of the input, after the first block, and so on; at least two.
        use_gate: Whether blocks between equal widths have a gate.

    Raises:
        ValueError: fewer than two widths, or one below 1.
    """

    def __init__(self, dims: Sequence[int], *, use_gate: bool = False) -> None:
        if len(dims) < 2:
            raise ValueError(f"expected at least two widths, of the input and of the output, got {list(dims)}")
        self._blocks: Final = [
            RecursionBlock(a, None, b, use_gate=use_gate and a == b) for a, b in itertools.pairwise(dims)
        ]
        self.blocks: Final = ModuleList(self._blocks)

    def forward(self, x: A, /) -> A:
        """Returns the last block's outputs: (..., dims[0]) to (..., dims[-1])."""
        for block in self._blocks:
            x = block(x)
        return x

    def syntony(self, x: A) -> A:
        """Returns the mean syntony of the blocks, each at its own input, a scalar.

        Raises:
            ValueError: a block changes the width.
        """
        total = self._blocks[0].syntony(x)
        for before, block in itertools.pairwise(self._blocks):
            x = before(x)
            total = total + block.syntony(x)
        return total * (1 / len(self._blocks))
