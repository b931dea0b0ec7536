"""Operations as functions: each calls the method of the same name, of a `Tensor` or of a traced `Symbol`.

They are made from what each operation's file in the core tells of itself; `functional.pyi` has their types.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from syntonic._core import ResonantTensor as ResonantTensor
from syntonic._core import Symbol, Tensor, _operations

Array = Tensor | Symbol


def _function(name: str, receiver: str) -> Callable[..., Any]:
    method = getattr(Tensor, name)

    def function(*given: Any, **named: Any) -> Any:  # noqa: ANN401 (as the method has it)
        of, *rest = given or (named.pop(receiver),)
        return getattr(of, name)(*rest, **named)

    first, *others = inspect.signature(method).parameters.values()
    first = first.replace(name=receiver, kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
    function.__signature__ = inspect.Signature([first, *others])
    function.__name__ = function.__qualname__ = name
    function.__doc__ = method.__doc__
    return function


def concat(values: Sequence[Any], dim: int = 0) -> Any:  # noqa: ANN401 (functional.pyi has the types)
    """The values one after the other along the axis `dim`; all other sizes are equal.

    Raises:
        ValueError: no values, sizes that differ, or an axis that does not exist.

    >>> concat([Tensor([[1.0], [2.0]]), Tensor([[3.0, 4.0], [5.0, 6.0]])], dim=1).tolist()
    [[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]
    """
    if not values:
        raise ValueError("concat: expected at least one value, got none")
    return values[0].concat(values[1:], dim)


globals().update({name: _function(name, receiver) for name, receiver, *_ in _operations() if name != "concat"})
mse_loss = _function("mse", "x")
