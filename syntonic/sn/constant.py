"""Fixed numbers that meet a value of a forward pass: masks, mode weights, positions."""

from typing import Any

from syntonic._core import Tensor
from syntonic.sn.array import Array


def constant(beside: Array, data: Any) -> Tensor:  # noqa: ANN401 (nested lists, whatever a Tensor takes)
    """Returns `data` as a tensor that may be combined with `beside`.

    It has the dtype of a tensor and lies on its device; beside a symbol, whose dtype is settled later, it is float64
    and recorded as such.
    """
    if isinstance(beside, Tensor):
        return Tensor(data, dtype=beside.dtype).to(beside.device)
    return Tensor(data, dtype="float64")
