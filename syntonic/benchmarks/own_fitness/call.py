"""One call of a fitness function: what it is given, and what its answer means."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syntonic._core import Tensor

Named = dict[str, Tensor]
"""Parameters by name."""
Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Score:
    """What a call came to.

    Attributes:
        value: higher is better; NaN: the member is bad.
        fault: why it is; empty if it is not.
    """

    value: float
    fault: str = ""


def named(member: Sequence[Tensor], shapes: Shapes) -> Named:
    """Returns parameters by name."""
    return dict(zip(shapes, member, strict=True))


def arguments(function: Callable[..., Any], seed: int) -> dict[str, int]:
    """Returns the keyword arguments that a function asks for by its signature: `seed`, if it has one of that name."""
    try:
        known = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a function of C says nothing
        return {}
    return {"seed": seed} if "seed" in known else {}


def score(function: Callable[..., Any], parameters: Named, seed: int) -> Score:
    """Calls the function for one member; whatever it raises makes the member a bad one."""
    try:
        return checked(function(parameters, **arguments(function, seed)))
    except Exception as error:  # whatever the user's code raises
        return Score(math.nan, told(error))


def checked(answer: object) -> Score:
    """Returns the score that an answer is."""
    try:
        value = float(answer)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Score(math.nan, f"it returned {str(answer)[:60]!r}, and a score is one float")
    return Score(value) if not math.isnan(value) else Score(value, "it returned NaN")


def told(error: BaseException) -> str:
    """Returns an error of the user's code in one line, with the line that raised it."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f" in line {trace.tb_lineno} of {trace.tb_frame.f_code.co_name}"
        trace = trace.tb_next
    return " ".join(f"{type(error).__name__}: {error}{place}".split())[:300]
