"""Immutable arrays of complex numbers: a real and an imaginary part, each an array of real numbers."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from syntonic.classic.real_array import Index, RealArray, Shape

R = TypeVar("R", bound=RealArray)


def parts(data: Any) -> tuple[Any, Any] | None:  # noqa: ANN401 - whatever `Tensor` reads
    """Returns the real and the imaginary part of nested sequences, or of an array, with a complex number in it.

    Nothing if all numbers are real.
    """
    if isinstance(data, complex):
        return data.real, data.imag
    if isinstance(data, list | tuple):
        found = [parts(entry) for entry in data]
        if all(pair is None for pair in found):
            return None
        both = [(entry, _zeros(entry)) if pair is None else pair for entry, pair in zip(data, found, strict=True)]
        return [real for real, _ in both], [imag for _, imag in both]
    # An array of another library says by its dtype what it holds.
    if "complex" in str(getattr(data, "dtype", "")):
        return data.real, data.imag
    return None


def _zeros(entry: Any) -> Any:  # noqa: ANN401
    return [_zeros(x) for x in entry] if isinstance(entry, list | tuple) else 0.0


class ComplexArray(Generic[R]):
    """An immutable array of complex numbers on the CPU.

    Args:
        real: The real parts.
        imag: The imaginary parts, of the same shape.

    Raises:
        ValueError: If the shapes differ.
    """

    def __init__(self, real: R, imag: R) -> None:
        if real.shape != imag.shape:
            raise ValueError(f"expected parts of one shape, got {real.shape} and {imag.shape}")
        self.real: Final[R] = real
        self.imag: Final[R] = imag

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, outermost first."""
        return self.real.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.real.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.real.size

    @property
    def dtype(self) -> str:
        """Number format."""
        return {"float64": "complex128", "float32": "complex64"}[self.real.dtype]

    @property
    def syntony(self) -> float:
        """S of the magnitudes: sum |x|^2 w / sum |x|^2."""
        return float(getattr(self.abs(), "syntony"))  # noqa: B009 - a state has one, a plain array has none

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype!r})"

    def tolist(self) -> Any:  # noqa: ANN401 - nested as deep as there are axes
        """Returns nested lists of complex numbers; one number for a scalar."""
        return _joined(self.real.tolist(), self.imag.tolist())

    def item(self) -> complex:
        """Returns the only element.

        Raises:
            ValueError: If there are several.
        """
        return complex(self.real.item(), self.imag.item())

    def __complex__(self) -> complex:
        return self.item()

    def __len__(self) -> int:
        return len(self.real)

    def __getitem__(self, key: Index | tuple[Index, ...]) -> "ComplexArray[R]":
        return self._each(lambda x: x[key])

    def conj(self) -> "ComplexArray[R]":
        """Returns the conjugate."""
        return ComplexArray(self.real, -self.imag)

    @property
    def T(self) -> "ComplexArray[R]":
        """The array with its axes in reverse order."""
        return self._each(lambda x: x.T)

    @property
    def H(self) -> "ComplexArray[R]":
        """The conjugate transpose."""
        return self.conj().T

    def abs(self) -> R:
        """Returns the magnitudes."""
        # By the larger part, so that no square leaves the range of floats.
        real, imag = abs(self.real), abs(self.imag)
        size = type(real)(real.tensor.maximum(imag.tensor), dtype=real.dtype)
        safe = type(real)(size.tensor.maximum(5e-324 if real.dtype == "float64" else 1e-45), dtype=real.dtype)
        magnitudes: R = size * ((real / safe) ** 2 + (imag / safe) ** 2).sqrt()
        return magnitudes

    __abs__ = abs

    def norm(self) -> float:
        """Returns the square root of the sum of |x|^2."""
        return self.abs().norm()

    def sum(self, axis: int | None = None) -> "ComplexArray[R]":
        """Returns the sum over an axis, or over all."""
        return self._each(lambda x: x.sum(axis))

    def mean(self, axis: int | None = None) -> "ComplexArray[R]":
        """Returns the mean over an axis, or over all."""
        return self._each(lambda x: x.mean(axis))

    def reshape(self, *shape: Shape) -> "ComplexArray[R]":
        """Returns the same elements, row-major, under another shape."""
        return self._each(lambda x: x.reshape(*shape))

    def __neg__(self) -> "ComplexArray[R]":
        return self._each(lambda x: -x)

    def __add__(self, other: "ComplexArray[R] | R | complex") -> "ComplexArray[R]":
        a, b = _pair(other)
        return ComplexArray(self.real + a, self.imag + b)

    def __sub__(self, other: "ComplexArray[R] | R | complex") -> "ComplexArray[R]":
        a, b = _pair(other)
        return ComplexArray(self.real - a, self.imag - b)

    def __mul__(self, other: "ComplexArray[R] | R | complex") -> "ComplexArray[R]":
        a, b = _pair(other)
        return ComplexArray(self.real * a - self.imag * b, self.real * b + self.imag * a)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: "R | complex") -> "ComplexArray[R]":
        return -self + other

    def __matmul__(self, other: "ComplexArray[R] | R") -> "ComplexArray[R]":
        if not isinstance(other, ComplexArray):
            return self._each(lambda x: x @ other)
        real = self.real @ other.real - self.imag @ other.imag
        return ComplexArray(real, self.real @ other.imag + self.imag @ other.real)

    def _each(self, function: Callable[[R], R]) -> "ComplexArray[R]":
        return ComplexArray(function(self.real), function(self.imag))


def _pair(other: Any) -> tuple[Any, Any]:  # noqa: ANN401
    if isinstance(other, complex | ComplexArray):
        return other.real, other.imag
    return other, 0.0


def _joined(real: Any, imag: Any) -> Any:  # noqa: ANN401
    if isinstance(real, Sequence):
        return [_joined(a, b) for a, b in zip(real, imag, strict=True)]
    return complex(real, imag)
