"""The gate that listens to the input, to what differentiation and to what harmonization made of it."""

from typing import Final

from syntonic.nn.layers._resonant_linear import ResonantLinear
from syntonic.sn import Module
from syntonic.sn.array import A


class AdaptiveGate(Module):
    """y = g H + (1 - g) x, where g listens to all of c = [x, D, H].

    s = sigmoid(W2 tanh(W1 c)) is one number for each sample, b = sigmoid(V2 tanh(V1 c)) one for each feature, and
    g = min + (max - min) b sigmoid((s - 1/2) T + b).

    Args:
        d_model: Features of x, D and H.
        syntony_temp: The factor T.
        min_gate: Least g.
        max_gate: Largest g.

    Raises:
        ValueError: a size below 1, or bounds that are not 0 <= min_gate <= max_gate <= 1.
    """

    def __init__(
        self, d_model: int, *, syntony_temp: float = 1.0, min_gate: float = 0.1, max_gate: float = 0.9
    ) -> None:
        if not 0 <= min_gate <= max_gate <= 1:
            raise ValueError(f"expected 0 <= min_gate <= max_gate <= 1, got {min_gate} and {max_gate}")
        self._features: Final = d_model
        self._temperature: Final = syntony_temp
        self._least: Final = min_gate
        self._span: Final = max_gate - min_gate
        self.syntony_first: Final = ResonantLinear(3 * d_model, d_model)
        self.syntony_second: Final = ResonantLinear(d_model, 1)
        self.base_first: Final = ResonantLinear(3 * d_model, d_model)
        self.base_second: Final = ResonantLinear(d_model, d_model)

    def mix(self, x: A, differentiated: A, harmonized: A) -> A:
        """Returns g H + (1 - g) x: three times (..., d_model) to (..., d_model)."""
        return self.forward(x.concat([differentiated, harmonized], -1))

    def forward(self, x: A, /) -> A:
        """Returns the mixture of x, D and H that stand side by side: (..., 3 d_model) to (..., d_model)."""
        base = self.base_second(self.base_first(x).tanh()).sigmoid()
        lift = ((self.syntony(x) - 0.5) * self._temperature + base).sigmoid()
        gate = base * lift * self._span + self._least
        old, new = (x.narrow(-1, i * self._features, self._features) for i in (0, 2))
        return old + gate * (new - old)

    def syntony(self, x: A) -> A:
        """Returns s for [x, D, H] side by side: (..., 3 d_model) to (..., 1)."""
        return self.syntony_second(self.syntony_first(x).tanh()).sigmoid()
