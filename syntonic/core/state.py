"""A state of the theory: an immutable array of real numbers with the operators D and H and the figures made of them.

With rho_i = x_i^2 / sum x^2 and i the feature index (position on the last axis, of size d):

- D: x_i <- x_i + alpha (1 - Se) u_i (i / d) rms, Se = 1 - H(rho) / ln n, u even on (-1, 1); then the old energy again.
- H: x <- (1 - s) x + s t, t_i = sign(x_i) sqrt(E (1 - q) w_i / sum w) with the golden weights w of the mode norms.

u is a pure function of (seed, step, element), so that nothing here is random twice.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from syntonic._core import E_STAR, PHI, PHI_INVERSE, Q_DEFICIT, ResonantTensor, Tensor, py_golden_weights

Shape = int | Sequence[int]
_THRESHOLDS: Final = (0.1, 0.5, 1.0)


def _elementwise(function: Callable[[Tensor], Tensor]) -> Callable[["State"], "State"]:
    def method(self: "State") -> "State":
        return State(function(self.tensor), dtype=self.dtype)

    method.__doc__ = function.__doc__
    return method


class State:
    """An immutable array of real numbers on the CPU.

    Args:
        data: Whatever `Tensor` reads: nested sequences, an array, a tensor.
        shape: Sizes of the axes; those of the data if not given.
        dtype: "float64" or "float32".

    Raises:
        ValueError: If the data are ragged or do not fit the shape.
        TypeError: If they are not real numbers, or the dtype is unknown.

    >>> x = State([3.0, 4.0])
    >>> (x + 1).tolist(), x.norm(), (x @ x).item()
    ([4.0, 5.0], 5.0, 25.0)
    """

    def __init__(self, data: Any, *, shape: Shape | None = None, dtype: str = "float64") -> None:  # noqa: ANN401
        self.tensor: Final[Tensor] = Tensor(data.tensor if isinstance(data, State) else data, shape, dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, outermost first."""
        return self.tensor.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.tensor.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.tensor.size

    @property
    def dtype(self) -> str:
        """Number format."""
        return self.tensor.dtype

    @property
    def device(self) -> str:
        """Where the numbers lie."""
        return "cpu"

    def tolist(self) -> Any:  # noqa: ANN401 - nested as deep as there are axes
        """Returns nested lists of floats; one float for a scalar."""
        return self.tensor.tolist()

    def item(self) -> float:
        """Returns the only element.

        Raises:
            ValueError: If there are several.
        """
        return self.tensor.item()

    def to(self, dtype: str) -> "State":
        """Returns the same values in another number format."""
        return State(self.tensor, dtype=dtype)

    def __dlpack__(self, **options: Any) -> Any:  # noqa: ANN401 - the protocol's own types
        """Lends the memory to NumPy, JAX or PyTorch."""
        return self.tensor.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.tensor.__dlpack_device__()

    def __add__(self, other: "State | float") -> "State":
        return self._with(self.tensor + _operand(other))

    def __sub__(self, other: "State | float") -> "State":
        return self._with(self.tensor - _operand(other))

    def __mul__(self, other: "State | float") -> "State":
        return self._with(self.tensor * _operand(other))

    def __truediv__(self, other: "State | float") -> "State":
        return self._with(self.tensor / _operand(other))

    def __radd__(self, other: float) -> "State":
        return self._with(other + self.tensor)

    def __rsub__(self, other: float) -> "State":
        return self._with(other - self.tensor)

    def __rmul__(self, other: float) -> "State":
        return self._with(other * self.tensor)

    def __rtruediv__(self, other: float) -> "State":
        return self._with(other / self.tensor)

    def __neg__(self) -> "State":
        return self._with(-self.tensor)

    def __pow__(self, exponent: float) -> "State":
        return self._with(self._flux().pow(exponent).to_tensor(self.dtype))

    def __matmul__(self, other: "State") -> "State":
        return self._with(self.tensor.matmul(other.tensor))

    def __repr__(self) -> str:
        return f"State(shape={self.shape}, dtype={self.dtype!r}, syntony={self.syntony:.4f})"

    def norm(self, ord: float = 2) -> float:
        """Returns (sum |x|^ord)^(1 / ord), also for ord = infinity.

        Raises:
            ValueError: Unless ord > 0.
        """
        return self._flux().norm(ord).to_tensor("float64").item()

    def normalize(self) -> "State":
        """Returns the state with norm 1.

        Raises:
            ValueError: If the norm is 0 or not finite.
        """
        norm = self.norm()
        if not (math.isfinite(norm) and norm > 0):
            raise ValueError(f"only a state with a finite norm above 0 can be normalized, got {norm}")
        return self / norm

    def sum(self, axis: int | None = None) -> "State":
        """Returns the sum over an axis, or over all."""
        return self._with(self.tensor.sum(axis))

    def mean(self, axis: int | None = None) -> "State":
        """Returns the mean over an axis, or over all."""
        return self._with(self.tensor.mean(axis))

    def max(self, axis: int | None = None) -> "State":
        """Returns the largest along an axis, or of all."""
        return self._with(self.tensor.max(axis))

    def min(self, axis: int | None = None) -> "State":
        """Returns the smallest along an axis, or of all."""
        return self._with(self.tensor.min(axis))

    abs = _elementwise(Tensor.abs)
    exp = _elementwise(Tensor.exp)
    log = _elementwise(Tensor.log)
    sin = _elementwise(Tensor.sin)
    cos = _elementwise(Tensor.cos)
    sqrt = _elementwise(Tensor.sqrt)
    tanh = _elementwise(Tensor.tanh)
    sigmoid = _elementwise(Tensor.sigmoid)
    relu = _elementwise(Tensor.relu)

    def exp_golden(self) -> "State":
        """Returns e^(-x / phi)."""
        return self._with((self.tensor * -PHI_INVERSE).exp())

    def layer_norm(self, eps: float = 1e-5, golden_target: bool = True) -> "State":
        """Returns rows with mean 0 and variance 1 / phi, or 1 without the golden target."""
        return self._with(self.tensor.layer_norm(eps, PHI_INVERSE if golden_target else 1.0))

    def dropout(self, p: float = 0.5, *, training: bool = True, seed: int) -> "State":
        """Returns elements zeroed with probability p and the others over 1 - p; the state itself when not training."""
        return self._with(self._flux().dropout(p, seed=seed).to_tensor(self.dtype)) if training else self

    def reshape(self, shape: Shape) -> "State":
        """Returns the same elements, row-major, under another shape."""
        return self._with(self.tensor.reshape(shape))

    def flatten(self) -> "State":
        """Returns the elements as a list."""
        return self.reshape(self.size)

    def squeeze(self) -> "State":
        """Returns the state without its axes of size 1."""
        return self.reshape([size for size in self.shape if size != 1])

    def unsqueeze(self, axis: int) -> "State":
        """Returns the state with a new axis of size 1 in front of `axis`; -1 appends it.

        Raises:
            ValueError: If there is no such place.
        """
        place = axis + self.ndim + 1 if axis < 0 else axis
        if not 0 <= place <= self.ndim:
            raise ValueError(f"expected an axis from {-self.ndim - 1} to {self.ndim}, got {axis}")
        return self.reshape([*self.shape[:place], 1, *self.shape[place:]])

    @property
    def T(self) -> "State":
        """The state with its axes in reverse order."""
        return self._with(self.tensor.permute(list(reversed(range(self.ndim)))))

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

    def harmonize(self, strength: float = PHI_INVERSE) -> "State":
        """Returns H of the state: a step towards the golden distribution of its energy, signs kept."""
        norm = self.norm()
        if norm == 0:
            return self
        weights = py_golden_weights([(3 * i) ** 2 for i in self._modes()])
        unit = (1 - Q_DEFICIT) / math.fsum(weights)
        signs = ((x > 0) - (x < 0) for x in self._values())
        target = [norm * sign * math.sqrt(unit * w) for sign, w in zip(signs, weights, strict=True)]
        return self * (1 - strength) + State(target, shape=self.shape, dtype=self.dtype) * strength

    def recurse(self, *, seed: int = 0, step: int = 0) -> "State":
        """Returns H of D of the state."""
        return self.differentiate(seed=seed, step=step).harmonize()

    def operator_syntony(self, *, seed: int = 0, step: int = 0) -> float:
        """Returns 1 - |D x - H D x| / |D x - x|, within 0 and 1; 0 where D does nothing. A mere diagnostic."""
        moved = self.differentiate(seed=seed, step=step)
        distance = (moved - self).norm()
        ratio = (moved - moved.harmonize()).norm() / distance if distance > 0 else 1.0
        return min(max(1 - ratio, 0.0), 1.0)

    def _with(self, tensor: Tensor) -> "State":
        return State(tensor, dtype=self.dtype)

    def _flux(self) -> ResonantTensor:
        return ResonantTensor.from_flux(self.tensor)

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


def _operand(other: "State | float") -> Tensor | float:
    return other.tensor if isinstance(other, State) else other


def zeros(shape: Shape, dtype: str = "float64") -> State:
    """Returns a state of zeros."""
    return State(Tensor.zeros(shape, dtype), dtype=dtype)


def ones(shape: Shape, dtype: str = "float64") -> State:
    """Returns a state of ones."""
    return State(Tensor.ones(shape, dtype), dtype=dtype)


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
