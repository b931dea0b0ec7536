"""The trainer's settings as Python shows them, made of the core's descriptions: `rust_core/src/evolve/config.rs`."""

import difflib
import inspect
import textwrap
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal

import annotated_types

from syntonic._core import trainer_settings

_TYPES: Final[dict[str, type]] = {"bool": bool, "int": int, "float": float}
_BOUNDS: Final[dict[str, Any]] = {
    "ge": annotated_types.Ge,
    "gt": annotated_types.Gt,
    "le": annotated_types.Le,
    "lt": annotated_types.Lt,
    "multiple_of": annotated_types.MultipleOf,
}
Description = dict[str, Any]


def described(strategy: str = "retrocausal") -> list[Description]:
    """Returns the description of every setting of a strategy but the seed, which the runner supplies."""
    return [setting for setting in trainer_settings(strategy) if setting["name"] != "seed"]


def refuse_unknown(given: Iterable[str], settings: Sequence[Description]) -> None:
    """Refuses names that no setting has.

    Raises:
        TypeError: naming the first, and the setting that was probably meant.
    """
    known = [setting["name"] for setting in settings]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"there is no setting {name!r} of the trainer{hint}")


def signature(settings: Sequence[Description], own: Iterable[inspect.Parameter] = ()) -> inspect.Signature:
    """Returns `(seed, device="cpu", *, <settings>, <own>)`: keyword arguments are what a config sets, with ranges."""
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter("seed", either, annotation=int),
        inspect.Parameter("device", either, annotation=str, default="cpu"),
    ]
    parameters += [
        inspect.Parameter(s["name"], inspect.Parameter.KEYWORD_ONLY, annotation=_annotation(s), default=s["default"])
        for s in settings
    ]
    parameters += [p for p in own if p.kind is inspect.Parameter.KEYWORD_ONLY]
    return inspect.Signature(parameters, return_annotation=None)


def document(settings: Sequence[Description]) -> str:
    """Returns the lines of a docstring's `Args` that say what each setting does."""
    lines = []
    for setting in settings:
        text = f"{setting['name']}: {setting['doc'][0].lower()}{setting['doc'][1:]}"
        lines += textwrap.wrap(text, 110, initial_indent="    " * 2, subsequent_indent="    " * 3)
    return "\n".join(lines)


def _annotation(setting: Description) -> Any:  # noqa: ANN401 (a form of typing)
    kind: Any = Literal[tuple(setting["choices"])] if setting["kind"] == "choice" else _TYPES[setting["kind"]]
    for name, bound in setting["bounds"].items():
        kind = Annotated[kind, _BOUNDS[name](bound)]
    return kind | None if setting["optional"] else kind


def as_yaml(settings: Sequence[Description]) -> str:
    """Returns the settings with their defaults as the lines of a config, what each does behind it."""
    lines = []
    for setting in settings:
        text = f"{setting['name']}: {_plain(setting['default'])}"
        choices = f"{' | '.join(setting['choices'])}: " if setting["choices"] else ""
        doc = setting["doc"].rstrip(".")
        lines.append(f"{text:<28}# {choices}{doc[0].lower()}{doc[1:]}")
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
