"""Says a pydantic error in plain English: what was given, what must hold, what to try."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from syntonic.runners.config.elsewhere import known_here
from syntonic.runners.config.errors import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TYPES = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "text", "list": "a list"}
_TYPES |= {"tuple": "a list", "dict": "a mapping", "none": "null"}


def fault_text(fault: "ErrorDetails", where: str, known: Sequence[str]) -> str:
    """Returns one line for one error.

    Args:
        fault: as pydantic reports it.
        where: the path of the section, such as `trainer`; empty for the top.
        known: the keys that the section may have.
    """
    path = ".".join([*([where] if where else []), *(str(part) for part in fault["loc"])])
    if fault["type"] == "extra_forbidden":
        here = (known_here(path) or "").rpartition(".")[2]
        hint = f"; did you mean {here!r}?" if here in known else did_you_mean(str(fault["loc"][0]), known)
        return f"{path}: there is no such key{hint}"
    if fault["type"] == "missing" or fault["input"] == "???":  # what OmegaConf has for a value to be given
        return f"{path}: is missing; add `{path}=<value>`"
    return f"{path}={_shown(fault['input'])}: {_rule(fault)}"


def _rule(fault: "ErrorDetails") -> str:
    kind, limits = fault["type"], fault.get("ctx", {})
    match kind:
        case "finite_number":
            return "must be a finite number"
        case "greater_than_equal":
            return f"must be at least {limits['ge']}"
        case "greater_than":
            return f"must be greater than {limits['gt']}"
        case "less_than_equal":
            return f"must be at most {limits['le']}"
        case "less_than":
            return f"must be less than {limits['lt']}"
        case "multiple_of":
            return _multiple(fault["input"], limits["multiple_of"])
        case "literal_error":
            return f"must be one of {limits['expected']}{_near_literal(fault)}"
        case "int_from_float":
            return "must be a whole number"
        case "too_short":
            return f"must have at least {limits['min_length']} entries"
    wanted = _TYPES.get(kind.removesuffix("_type").removesuffix("_parsing"))
    if wanted and kind.endswith(("_type", "_parsing")):
        return f"must be {wanted}"
    message = fault["msg"]
    return message[:1].lower() + message[1:]


def _multiple(given: object, step: float) -> str:
    wanted = "must be even" if step == 2 else f"must be a multiple of {step}"
    if not isinstance(given, int) or given <= 0 or not isinstance(step, int):
        return wanted
    below, above = given // step * step, (given // step + 1) * step
    return f"{wanted}; try {above}" if below <= 0 else f"{wanted}; try {below} or {above}"


def _near_literal(fault: "ErrorDetails") -> str:
    expected = str(fault.get("ctx", {})["expected"]).replace(" or ", ", ").split(", ")
    hint = did_you_mean(str(fault["input"]), [option.strip("'") for option in expected])
    return hint if "did you mean" in hint else ""


def _shown(value: object) -> str:
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else str(value)
    text = text or ""
    return text if len(text) <= 60 else f"{text[:57]}..."
