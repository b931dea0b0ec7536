"""What a module is called with from Python: numbers become a tensor, and the result becomes what was given.

A list of numbers, or whatever else a `Tensor` reads, comes back as a `ResonantTensor` in flux, as a `ResonantTensor`
does: with a shape, `to_list`, `to_floats` and a syntony, and without a snap.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from syntonic._core import ResonantTensor, Symbol, Tensor
from syntonic.core.winding import WindingState

T = TypeVar("T")
_VALUES: Final = (Tensor, Symbol)  # not made anew for each call of each module


def is_value(given: object) -> bool:
    """Returns whether it is a value of a forward pass already."""
    return isinstance(given, _VALUES)


def is_data(given: object) -> bool:
    """Returns whether it is to become a tensor: a ResonantTensor, an array, sequences of numbers, winding states."""
    if isinstance(given, int | float):
        return False  # a number stays one
    while isinstance(given, list | tuple | range):
        if not given:
            return True
        given = given[0]
    if isinstance(given, ResonantTensor | WindingState | int | float):
        return True
    return not is_value(given) and (hasattr(given, "__array_interface__") or hasattr(given, "__dlpack__"))


def as_tensor(given: Any, beside: object = None) -> Any:  # noqa: ANN401 (a value, or what becomes one)
    """Returns data as a tensor in float64, or in the format of a tensor that it will meet; anything else as it is."""
    if is_value(given) or not is_data(given):
        return given
    dtype = beside.dtype if isinstance(beside, Tensor) else "float64"
    if isinstance(given, ResonantTensor):
        return given.to_tensor(dtype)
    return Tensor(_rows(given), dtype=dtype)


def _rows(given: Any) -> Any:  # noqa: ANN401 (data)
    """Returns data with each winding state as a row of its numbers."""
    if isinstance(given, WindingState):
        return list(given)
    return [_rows(part) for part in given] if isinstance(given, list | tuple | range) else given


def returned(found: Any, given: object) -> Any:  # noqa: ANN401 (whatever a forward pass returns)
    """Returns a result for data that was given: tensors, also within a list or tuple, as resonant tensors in flux.

    The norms and the precision are those of the ResonantTensor that was given, where the features are as many.
    """
    if isinstance(found, list | tuple):
        parts = [returned(part, given) for part in found]
        return type(found)(parts) if type(found) in (list, tuple) else type(found)(*parts)
    if not isinstance(found, Tensor):
        return found
    features = found.shape[-1] if found.shape else 1
    if isinstance(given, ResonantTensor) and len(given.mode_norms) == features:
        return ResonantTensor.from_flux(found, mode_norms=given.mode_norms, precision=given.precision)
    return ResonantTensor.from_flux(found)


def through(forward: Callable[..., T], module: object, given: Sequence[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401
    """Returns what a forward pass makes of data: `forward(module, *given, **options)`, with tensors in its place.

    What is no data, such as a list of tensors, is passed on as it is.
    """
    first = as_tensor(given[0])
    if first is given[0]:
        return forward(module, *given, **options)
    others = [as_tensor(value, first) for value in given[1:]]
    named = {name: as_tensor(value, first) for name, value in options.items()}
    return returned(forward(module, first, *others, **named), given[0])
