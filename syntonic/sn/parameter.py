"""Parameters: resonant tensors that a model owns, with the law of their first values."""

import math
import os
from collections.abc import Sequence
from typing import Final, Literal, TypedDict

from syntonic._core import ResonantTensor, Tensor

Init = Literal["uniform", "normal", "kaiming", "golden", "zeros", "ones"]
ModeNorms = Literal["scaled", "raw"] | Sequence[float]

_DTYPES: Final = {"crystallized": "int64", "flux": "float64"}
_PHASES: Final = {dtype: phase for phase, dtype in _DTYPES.items()}
_BYTES: Final = 48
"""Of each value, with what training keeps of it: lattice, floats, what rounding left over, two moments."""


class Saved(TypedDict):
    """One saved array: number format, sizes, and row-major little-endian bytes, as checkpoints hold them.

    A crystallized parameter of shape s is int64 of shape (2, *s), all a before all b; one in flux
    is float64 of shape s.
    """

    dtype: str
    shape: list[int]
    data: bytes


class Parameter:
    """A tensor that training changes, and the law of its first values.

    Args:
        shape: Sizes of the axes; a weight is (out, in).
        init: "kaiming" and "golden" have standard deviation gain / sqrt(fan_in), "golden" with more of it in the low
            modes; "normal" has standard deviation gain; "uniform" lies in (-gain, gain); "zeros"; "ones".
        gain: Scale of the law.
        fan_in: Inputs added into one output; the product of all axes but the first if not given.
        mode_norms: Norms of the features of the last axis, of size d: "scaled" is (3 i / d)^2, "raw" is i^2, or a list.
        precision: Bound on the lattice coefficients of a snap.
        row_gains: One more factor of the first values for each row, which is an index of the first axis.

    Raises:
        ValueError: an argument is out of range, or so many values do not fit this machine's memory.

    >>> weight = Parameter((3, 2))
    >>> weight.initialize(seed=1, index=0)
    >>> weight.data.shape, weight.data.phase
    ((3, 2), 'flux')
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        init: Init = "kaiming",
        gain: float = 1.0,
        fan_in: int | None = None,
        mode_norms: ModeNorms = "scaled",
        precision: int = 100,
        row_gains: Sequence[float] | None = None,
    ) -> None:
        if isinstance(shape, tuple | list) and all(isinstance(size, int) for size in shape):
            _refuse_what_no_memory_holds(tuple(shape))
        self.data: Final = ResonantTensor.zeros(shape, mode_norms=mode_norms, precision=precision)
        self.init: Final = init
        self.gain: Final = gain
        self.fan_in: Final = max(1, math.prod(self.data.shape[1:])) if fan_in is None else fan_in
        if row_gains is not None and len(row_gains) != self.data.shape[0]:
            raise ValueError(f"expected a gain for each of {self.data.shape[0]} rows, got {len(row_gains)}")
        self.row_gains: Final = row_gains
        self.data.clone().initialize(init, seed=0, index=0, gain=gain, fan_in=self.fan_in)  # refuses a bad law now
        self._has_values = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, outermost first."""
        return self.data.shape

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has given the parameter values since it was made; all of them are 0 then."""
        return not self._has_values and self.data.phase == "crystallized" and not any(self.data.to_bytes())

    def initialize(self, seed: int, index: int) -> None:
        """Puts the parameter in flux with its first values: a pure function of (law, shape, seed, index)."""
        self._has_values = True
        self.data.initialize(self.init, seed=seed, index=index, gain=self.gain, fan_in=self.fan_in)
        if self.row_gains is not None:
            gains = Tensor(list(self.row_gains), (len(self.row_gains), *(1 for _ in self.shape[1:])), "float64")
            self.data.set_flux(self.data.to_tensor("float64") * gains)

    def values(self) -> list[float]:
        """Returns the values as float64, row-major."""
        values: list[float] = memoryview(self.data.to_tensor("float64")).cast("B").cast("d").tolist()  # type: ignore[assignment]
        return values

    def save(self) -> Saved:
        """Returns the state: values and phase."""
        shape = list(self.shape)
        phase = self.data.phase
        return Saved(
            dtype=_DTYPES[phase],
            shape=[2, *shape] if phase == "crystallized" else shape,
            data=self.data.to_bytes(),
        )

    def check(self, saved: Saved) -> None:
        """Checks that `load` would take this state.

        Raises:
            ValueError: the dtype, the shape or the number of bytes do not fit.
        """
        phase = _PHASES.get(saved["dtype"])
        shape = [2, *self.shape] if phase == "crystallized" else list(self.shape)
        if phase is None or list(saved["shape"]) != shape:
            expected = f"int64 of shape {[2, *self.shape]} (crystallized) or float64 of shape {list(self.shape)} (flux)"
            raise ValueError(f"expected {expected}, got {saved['dtype']} of shape {list(saved['shape'])}")
        if len(saved["data"]) != 8 * math.prod(shape):
            raise ValueError(f"expected {8 * math.prod(shape)} bytes for shape {shape}, got {len(saved['data'])}")

    def load(self, saved: Saved) -> None:
        """Puts the parameter into a state that `save` returned.

        Raises:
            ValueError: as `check`; the parameter is unchanged then.
        """
        self.check(saved)
        self._has_values = True
        self.data.set_bytes(_PHASES[saved["dtype"]], saved["data"])

    def __repr__(self) -> str:
        return f"Parameter(shape={self.shape}, init={self.init!r})"


def _refuse_what_no_memory_holds(shape: tuple[int, ...]) -> None:
    # The machine would fill its memory, and then its disk, before it says no.
    count, memory = math.prod(shape), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if count * _BYTES > memory:
        raise ValueError(
            f"a parameter of shape {shape} has {count:,} values, which take {count * _BYTES / 2**30:,.1f} GiB in "
            f"training; this machine has {memory / 2**30:,.1f} GiB: make the model smaller"
        )
