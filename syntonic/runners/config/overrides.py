"""Checks each `key=value` of the command line against the keys and options that exist, before Hydra sees any of them.

Hydra stops at the first fault and advises to append a misspelt key with `+`, which trains the default silently. Here
every fault is found, and each is answered with what was probably meant.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from syntonic.core import registry
from syntonic.runners.config.elsewhere import known_here
from syntonic.runners.config.errors import did_you_mean

_FUNCTIONS: Final = ("range", "interval", "tag", "choice", "glob", "sort", "shuffle", "int", "float", "str", "bool")
_ELSEWHERE: Final = {  # what other programs call it
    "log": "tag(log,interval(a,b))",
    "loguniform": "tag(log,interval(a,b))",
    "uniform": "interval(a,b)",
    "linspace": "range(start,stop,step)",
    "grid": "a list, a,b,c",
}
_LONGEST: Final = 20_000  # characters of an override; reading takes its time
_DEEPEST: Final = 40  # brackets in one another; who reads them calls itself
_OWN: Final = ("model", "benchmark", "trainer", "callbacks")  # groups that a user's code can add to
_KINDS: Final[dict[str, registry.Kind]] = {"hydra.launcher": "launcher", "hydra.sweeper": "sweeper"}


def parsed(typed: Sequence[str], loader: ConfigLoader) -> tuple[list[Override], list[str]]:
    """Returns the overrides that can be read, and a fault for each that cannot.

    `experiment=x` is read as `+experiment=x`: no run has one by default, so Hydra would have it added.
    """
    parser = OverridesParser.create(config_loader=loader)
    good: list[Override] = []
    faults: list[str] = []
    for text in typed:
        text = f"+{text}" if text.startswith("experiment=") else text
        if len(text) > _LONGEST:
            faults.append(f"{text[:40]}...: has {len(text):,} characters; an override may have {_LONGEST:,}")
            continue
        if _depth(text) > _DEEPEST:
            faults.append(f"{text[:40]}...: brackets are nested more than {_DEEPEST} deep")
            continue
        try:
            good += parser.parse_overrides([text])
        except HydraException as error:
            faults.append(_unreadable(text, str(error).splitlines()[0]))
    return good, faults


def _depth(text: str) -> int:
    steps = [1 if sign in "([{" else -1 if sign in ")]}" else 0 for sign in text]
    return max(itertools.accumulate(steps), default=0)


def _unreadable(text: str, reason: str) -> str:
    value = text.partition("=")[2]
    unknown = [name for name in re.findall(r"(\w+)\(", value) if name not in _FUNCTIONS]
    if unknown and unknown[0].lower() in _ELSEWHERE:
        return f"{text}: there is no function {unknown[0]!r}; here it is {_ELSEWHERE[unknown[0].lower()]}"
    hint = did_you_mean(unknown[0], _FUNCTIONS) if unknown else ""
    if "did you mean" in hint:
        return f"{text}: there is no function {unknown[0]!r}{hint}"
    names = {"()": "parentheses", "[]": "square brackets", "{}": "braces"}
    uneven = [f"unbalanced {name}" for pair, name in names.items() if value.count(pair[0]) != value.count(pair[1])]
    return f"{text}: cannot be read ({', '.join(uneven) or reason}); quote the value, for example 'key=\"a b\"'"


def is_group(key: str, loader: ConfigLoader) -> bool:
    """Whether a key is a group, of which an option is chosen, as in `model=mlp`."""
    parent, _, name = key.rpartition("/")
    return name in loader.list_groups(parent)


def group_fault(override: Override, loader: ConfigLoader) -> str | None:
    """Returns what is wrong with the choice of an option, None if nothing is."""
    options = loader.get_group_options(override.key_or_group)
    if override.is_interval_sweep():
        return f"{override.input_line}: an option has a name; list them, as in {override.key_or_group}={options[0]},..."
    for choice in _choices(override):
        shown = choice if isinstance(choice, str) else repr(choice)
        if shown not in options:
            hint = did_you_mean(shown, options)
            if "did you mean" not in hint and override.key_or_group in _OWN:
                hint += "; one of your own comes with --use FILE.py"
            return f"{override.key_or_group}={shown}: there is no such option{hint}"
    return None


def key_fault(override: Override, base: DictConfig, loader: ConfigLoader) -> str | None:
    """Returns what is wrong with the key of a value, None if it is a key of `base`."""
    key = override.key_or_group
    ours = key.startswith(("hydra.sweeper.", "hydra.launcher."))
    if override.is_add() or (key.split(".")[0] == "hydra" and not ours):
        return None  # an added key is judged with the whole section; Hydra's own keys are judged by Hydra
    if _holds(base, key):
        if override.is_delete() and OmegaConf.select(base, key) is None:
            return f"{override.input_line}: {key} is null already; leave it out, or set it with {key}=<value>"
        return None
    return f"{override.input_line}: there is no key {key!r}{_nearest_key(key, base, loader)}"


def _nearest_key(key: str, base: DictConfig, loader: ConfigLoader) -> str:
    paths = list(_paths(base))
    parent, _, leaf = key.rpartition(".")
    same_leaf = [path for path in paths if path.rpartition(".")[2] == leaf]
    here = same_leaf[0] if len(same_leaf) == 1 else known_here(key)
    if here is not None and _holds(base, here):
        return f"; did you mean {here!r}?"
    if parent in _KINDS and (others := _with_argument(_KINDS[parent], leaf)):
        group = parent.replace(".", "/")
        return (
            f"; {' and '.join(others)} have it: add {group}={others[0]}"
            if len(others) > 1
            else (f"; {others[0]} has it: add {group}={others[0]}")
        )
    if parent.startswith("hydra.") and _holds(base, parent):
        return did_you_mean(leaf, [str(name) for name in OmegaConf.select(base, parent)])
    if parent and _holds(base, parent):
        return did_you_mean(leaf, [path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == parent])
    near = did_you_mean(key, [*paths, *(group for group in loader.list_groups("") if group != "hydra")])
    return near if "did you mean" in near else "; `syntonic-run --cfg` prints every key"


def _with_argument(kind: registry.Kind, argument: str) -> list[str]:
    return [name for name in registry.names(kind) if argument in registry.arguments(registry.lookup(kind, name))]


def _choices(override: Override) -> Iterator[object]:
    if override.is_delete():
        return
    values = override.sweep_iterator() if override.is_sweep_override() else iter([override.value()])
    for value in values:
        yield value.text if isinstance(value, QuotedString) else value


def _holds(base: DictConfig, key: str) -> bool:
    node: Any = base
    for part in key.split("."):
        if OmegaConf.is_list(node):
            if not (part.isdigit() and int(part) < len(node)):
                return False
            node = node[int(part)]
        elif OmegaConf.is_dict(node) and part in node.keys():  # `in node` leaves out what is yet to be given
            node = node._get_node(part)
        else:
            return False
    return True


def _paths(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for name in node:
        path = prefix + str(name)
        if path == "hydra":
            continue
        yield path
        if not OmegaConf.is_missing(node, name) and OmegaConf.is_dict(node[name]):
            yield from _paths(node[name], f"{path}.")
