"""A state of the theory: an immutable array of real numbers with the operators D and H and the figures made of them.

With rho_i = x_i^2 / sum x^2 and i the feature index (position on the last axis, of size d):

- D: x_i <- x_i + alpha (1 - Se) u_i (i / d) rms, Se = 1 - H(rho) / ln n, u even on (-1, 1); then the old energy again.
- H: x <- (1 - s) x + s t, t_i = sign(x_i) sqrt(E (1 - q) w_i / sum w) with the golden weights w of the mode norms.

u is a pure function of (seed, step, element), so that nothing here is random twice.
"""

import itertools
import math
from typing import Any, Final

from syntonic._core import E_STAR, PHI, PHI_INVERSE, Q_DEFICIT, ResonantTensor, Tensor, py_golden_weights
from syntonic.classic.complex_array import ComplexArray, parts
from syntonic.classic.real_array import RealArray, Shape

_THRESHOLDS: Final = (0.1, 0.5, 1.0)


class State(RealArray):
    """An array of real numbers as the theory sees it.

    Arguments and errors are those of `RealArray`.

    >>> x = State([3.0, 4.0])
    >>> (x + 1).tolist(), x.norm(), (x @ x).item()
    ([4.0, 5.0], 5.0, 25.0)

    Of complex numbers the same call makes a `ComplexArray`, whose parts are states:

    >>> State([1 + 2j, 3]).conj().tolist()
    [(1-2j), (3-0j)]
    """

    def __new__(
        cls,
        data: Any = None,  # noqa: ANN401
        *,
        shape: Shape | None = None,
        dtype: str = "float64",
        device: str = "cpu",
    ) -> "State":
        """Returns a new state, or an array of complex numbers if there is one among the data."""
        if cls is State and (found := parts(data)):
            real, imag = (State(part, shape=shape, dtype=dtype, device=device) for part in found)
            return ComplexArray(real, imag)  # type: ignore[return-value]
        return super().__new__(cls)

    def __repr__(self) -> str:
        return f"State(shape={self.shape}, dtype={self.dtype!r}, syntony={self.syntony:.4f})"

    @property
    def syntony(self) -> float:
        """S = sum x^2 w / sum x^2 with scaled mode norms; 0 without energy."""
        return self._flux().syntony

    @property
    def gnosis(self) -> int:
        """How many of 0.1, 0.5 and 1 the total variation, the sum of |x_(i+1) - x_i|, reaches."""
        x = self._values()
        variation = math.fsum(abs(b - a) for a, b in itertools.pairwise(x))
        return sum(variation >= threshold for threshold in _THRESHOLDS)

    @property
    def free_energy(self) -> float:
        """(sum rho ln rho + rho (i / d)^2 / phi) / E*; 0 without energy."""
        modes = self._modes()
        terms = (p * (math.log(p) + i * i / PHI) for p, i in zip(self._density(), modes, strict=True) if p > 0)
        return math.fsum(terms) / E_STAR

    def differentiate(self, alpha: float = 0.1, *, seed: int = 0, step: int = 0) -> "State":
        """Returns D of the state: noise in its high modes, the more the more even it is, and the energy it had."""
        rho, n = self._density(), self.size
        if n < 2 or not any(rho):
            return self
        entropy = -math.fsum(p * math.log(p) for p in rho if p > 0)
        noise = ResonantTensor.zeros(self.shape)
        noise.initialize("uniform", seed=seed, index=step)
        norm = self.norm()
        scale = alpha * entropy / math.log(n) * norm / math.sqrt(n)
        modes = Tensor(self._modes(), self.shape, self.dtype)
        moved = self._with(self.tensor + noise.to_tensor(self.dtype) * modes * scale)
        return moved * (norm / moved.norm())

    def harmonize(self, strength: float = PHI_INVERSE, gamma: float = 0.0) -> "State":
        """Returns H of the state: a step towards the golden distribution of its energy, signs kept.

        With gamma, a second step of gamma times the state's syntony follows.
        """
        norm = self.norm()
        if norm == 0:
            return self
        weights = py_golden_weights([(3 * i) ** 2 for i in self._modes()])
        unit = (1 - Q_DEFICIT) / math.fsum(weights)
        signs = ((x > 0) - (x < 0) for x in self._values())
        goal = [norm * sign * math.sqrt(unit * w) for sign, w in zip(signs, weights, strict=True)]
        target = State(goal, shape=self.shape, dtype=self.dtype)
        moved = self * (1 - strength) + target * strength
        return moved + (target - moved) * (gamma * self.syntony) if gamma else moved

    def recurse(self, *, seed: int = 0, step: int = 0) -> "State":
        """Returns H of D of the state."""
        return self.differentiate(seed=seed, step=step).harmonize()

    def operator_syntony(self, *, seed: int = 0, step: int = 0) -> float:
        """Returns 1 - |D x - H D x| / |D x - x|, within 0 and 1; 0 where D does nothing. A mere diagnostic."""
        moved = self.differentiate(seed=seed, step=step)
        distance = (moved - self).norm()
        ratio = (moved - moved.harmonize()).norm() / distance if distance > 0 else 1.0
        return min(max(1 - ratio, 0.0), 1.0)

    def _values(self) -> list[float]:
        values: list[float] = self.flatten().tolist()
        return values

    def _modes(self) -> list[float]:
        """Returns i / d of every element."""
        d = self.shape[-1] if self.ndim else 1
        return [i % d / d for i in range(self.size)]

    def _density(self) -> list[float]:
        """Returns rho, all 0 without energy."""
        x, norm = self._values(), self.norm()
        return [(v / norm) ** 2 if norm > 0 else 0.0 for v in x]


def zeros(shape: Shape, dtype: str = "float64") -> State:
    """Returns a state of zeros."""
    return State(Tensor.zeros(shape, dtype), dtype=dtype)


def ones(shape: Shape, dtype: str = "float64") -> State:
    """Returns a state of ones."""
    return State(Tensor.ones(shape, dtype), dtype=dtype)


def from_list(data: Any, dtype: str = "float64") -> State:  # noqa: ANN401 - whatever `Tensor` reads
    """Returns a state of these numbers: nested lists, an array of NumPy or JAX, a tensor of PyTorch on the CPU.

    Raises:
        ValueError: If the data are ragged.
        TypeError: If they are not real numbers, or the dtype is unknown.
    """
    return State(data, dtype=dtype)


from_numpy = from_torch = from_list


def eye(n: int, dtype: str = "float64") -> State:
    """Returns the unit matrix (n, n)."""
    return State([[float(i == j) for j in range(n)] for i in range(n)], shape=(n, n), dtype=dtype)


def random(shape: Shape, *, seed: int, dtype: str = "float64") -> State:
    """Returns numbers even on (0, 1): a pure function of (seed, element)."""
    return State(_drawn("uniform", shape, seed), dtype=dtype) * 0.5 + 0.5


def randn(shape: Shape, *, seed: int, dtype: str = "float64") -> State:
    """Returns near-normal numbers: a pure function of (seed, element)."""
    return State(_drawn("normal", shape, seed), dtype=dtype)


def _drawn(law: str, shape: Shape, seed: int) -> Tensor:
    values = ResonantTensor.zeros(shape)
    values.initialize(law, seed=seed, index=0)
    return values.to_tensor("float64")
