"""Immutable arrays of real numbers with the arithmetic and the shapes of `Tensor`, each operation a new array."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from syntonic._core import PHI_INVERSE, DeviceTensor, ResonantTensor, Tensor

Shape = int | Sequence[int]
Index = int | slice


def _elementwise(function: Callable[[Tensor], Tensor]) -> Callable[[Any], Any]:
    def method(self: "RealArray") -> "RealArray":
        return self._with(function(self.tensor))

    method.__doc__ = function.__doc__
    return method


class RealArray:
    """An immutable array of real numbers on the CPU.

    `numpy.asarray(x)` and `from_dlpack(x)` of any array library lend its memory without a copy.

    Args:
        data: Whatever `Tensor` reads: nested sequences, an array, a tensor; zeros if not given.
        shape: Sizes of the axes; those of the data if not given.
        dtype: "float64" or "float32".
        device: "cpu"; `cuda()` copies to a GPU.

    Raises:
        ValueError: If the data are ragged or do not fit the shape, or the device is another one.
        TypeError: If they are not real numbers, or the dtype is unknown.
    """

    def __init__(
        self,
        data: Any = None,  # noqa: ANN401
        *,
        shape: Shape | None = None,
        dtype: str = "float64",
        device: str = "cpu",
    ) -> None:
        if device != "cpu":
            raise ValueError(f"arrays of this class lie on the cpu, got device {device!r}; cuda() copies to a GPU")
        given = data.tensor if isinstance(data, RealArray) else data
        none = given is None
        self.tensor: Final[Tensor] = Tensor.zeros(shape or (), dtype) if none else Tensor(given, shape, dtype)

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

    def __float__(self) -> float:
        return self.item()

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a scalar has no length: float(x) is its value")
        return self.shape[0]

    def __getitem__(self, key: Index | tuple[Index, ...]) -> Self:
        """Returns a part: integers and slices, one for each axis from the first on, as in NumPy.

        Raises:
            IndexError: If an index is out of its axis.
        """
        return self._with(self._flux()[key].to_tensor(self.dtype))

    def __abs__(self) -> Self:
        return self._with(self.tensor.abs())

    def to_list(self) -> Any:  # noqa: ANN401
        """The same as `tolist`."""
        return self.tolist()

    def to(self, dtype: str) -> Self:
        """Returns the same values in another number format."""
        return type(self)(self.tensor, dtype=dtype)

    def cpu(self) -> Self:
        """Returns the array itself, which lies on the CPU."""
        return self

    def cuda(self, device_idx: int = 0) -> DeviceTensor:
        """Returns a copy on the GPU of this number.

        Raises:
            DeviceUnavailable: If there is none.
        """
        moved: DeviceTensor = self.tensor.to(f"cuda:{device_idx}")
        return moved

    def __dlpack__(self, **options: Any) -> Any:  # noqa: ANN401 - the protocol's own types
        """Lends the memory to NumPy, JAX or PyTorch."""
        return self.tensor.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.tensor.__dlpack_device__()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """What NumPy asks for: the memory itself, read-only."""
        # An empty memoryview cannot be cast.
        memory = memoryview(self.tensor).cast("B") if self.size else b""
        kind = {"float64": "<f8", "float32": "<f4"}[self.dtype]
        return {"version": 3, "shape": self.shape, "typestr": kind, "data": memory}

    def __add__(self, other: Self | float) -> Self:
        return self._with(self.tensor + _operand(other))

    def __sub__(self, other: Self | float) -> Self:
        return self._with(self.tensor - _operand(other))

    def __mul__(self, other: Self | float) -> Self:
        return self._with(self.tensor * _operand(other))

    def __truediv__(self, other: Self | float) -> Self:
        return self._with(self.tensor / _operand(other))

    def __radd__(self, other: float) -> Self:
        return self._with(other + self.tensor)

    def __rsub__(self, other: float) -> Self:
        return self._with(other - self.tensor)

    def __rmul__(self, other: float) -> Self:
        return self._with(other * self.tensor)

    def __rtruediv__(self, other: float) -> Self:
        return self._with(other / self.tensor)

    def __neg__(self) -> Self:
        return self._with(-self.tensor)

    def __pow__(self, exponent: float) -> Self:
        return self._with(self._flux().pow(exponent).to_tensor(self.dtype))

    def __matmul__(self, other: Self) -> Self:
        return self._with(self.tensor.matmul(other.tensor))

    def norm(self, ord: float = 2) -> float:
        """Returns (sum |x|^ord)^(1 / ord), also for ord = infinity.

        Raises:
            ValueError: Unless ord > 0.
        """
        return self._flux().norm(ord).to_tensor("float64").item()

    def normalize(self) -> Self:
        """Returns the array with norm 1.

        Raises:
            ValueError: If the norm is 0 or not finite.
        """
        norm = self.norm()
        if not (math.isfinite(norm) and norm > 0):
            raise ValueError(f"only an array with a finite norm above 0 can be normalized, got {norm}")
        return self / norm

    def sum(self, axis: int | None = None) -> Self:
        """Returns the sum over an axis, or over all."""
        return self._with(self.tensor.sum(axis))

    def mean(self, axis: int | None = None) -> Self:
        """Returns the mean over an axis, or over all."""
        return self._with(self.tensor.mean(axis))

    def max(self, axis: int | None = None) -> Self:
        """Returns the largest along an axis, or of all."""
        return self._with(self.tensor.max(axis))

    def min(self, axis: int | None = None) -> Self:
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

    def exp_golden(self) -> Self:
        """Returns e^(-x / phi)."""
        return self._with((self.tensor * -PHI_INVERSE).exp())

    def layer_norm(self, eps: float = 1e-5, golden_target: bool = True) -> Self:
        """Returns rows with mean 0 and variance 1 / phi, or 1 without the golden target."""
        return self._with(self.tensor.layer_norm(eps, PHI_INVERSE if golden_target else 1.0))

    def dropout(self, p: float = 0.5, *, training: bool = True, seed: int) -> Self:
        """Returns elements zeroed with probability p and the others over 1 - p; the array itself when not training."""
        return self._with(self._flux().dropout(p, seed=seed).to_tensor(self.dtype)) if training else self

    def reshape(self, *shape: Shape) -> Self:
        """Returns the same elements, row-major, under another shape: `reshape(2, 3)` or `reshape((2, 3))`.

        Raises:
            ValueError: If the number of elements differs.
        """
        sizes = [size for given in shape for size in ([given] if isinstance(given, int) else given)]
        return self._with(self.tensor.reshape(sizes))

    def flatten(self) -> Self:
        """Returns the elements as a list."""
        return self.reshape(self.size)

    def squeeze(self) -> Self:
        """Returns the array without its axes of size 1."""
        return self.reshape([size for size in self.shape if size != 1])

    def unsqueeze(self, axis: int) -> Self:
        """Returns the array with a new axis of size 1 in front of `axis`; -1 appends it.

        Raises:
            ValueError: If there is no such place.
        """
        place = axis + self.ndim + 1 if axis < 0 else axis
        if not 0 <= place <= self.ndim:
            raise ValueError(f"expected an axis from {-self.ndim - 1} to {self.ndim}, got {axis}")
        return self.reshape([*self.shape[:place], 1, *self.shape[place:]])

    @property
    def T(self) -> Self:
        """The array with its axes in reverse order."""
        return self._with(self.tensor.permute(list(reversed(range(self.ndim)))))

    @property
    def H(self) -> Self:
        """The conjugate transpose, which for real numbers is the transpose."""
        return self.T

    @property
    def real(self) -> Self:
        """The array itself."""
        return self

    @property
    def imag(self) -> Self:
        """Zeros."""
        return type(self)(shape=self.shape, dtype=self.dtype)

    def conj(self) -> Self:
        """Returns the array itself."""
        return self

    def _with(self, tensor: Tensor) -> Self:
        return type(self)(tensor, dtype=self.dtype)

    def _flux(self) -> ResonantTensor:
        return ResonantTensor.from_flux(self.tensor)


def _operand(other: "RealArray | float") -> Tensor | float:
    return other.tensor if isinstance(other, RealArray) else other
