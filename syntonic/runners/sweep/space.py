"""What a sweep goes through: for each swept key the overrides that set it, or an interval of numbers."""

import inspect
import math
import random
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Union, get_args, get_origin

from hydra.core.override_parser.types import Glob, IntervalSweep, Override, QuotedString, RangeSweep
from omegaconf import DictConfig, OmegaConf

from syntonic.core import registry
from syntonic.core.registry import Kind
from syntonic.runners.config.errors import did_you_mean

MOST: Final = 100_000  # runs of a sweep, and values of one key
_TAGS: Final = ("log",)
_SECTIONS: Final[tuple[Kind, ...]] = ("model", "benchmark", "trainer")


@dataclass(frozen=True)
class Proposal:
    """One point: `overrides` as they could be typed, and the `values` that they set, by key."""

    overrides: tuple[str, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Dimension:
    """One swept key.

    Attributes:
        key: as typed, `trainer.sigma`.
        choices: the values that it may take; empty for an interval.
        overrides: the same as `key=value`.
        low, high: ends of the interval, both included; 0 for choices.
        ordered: whether the choices are a range, so that neighbours are alike.
        log: whether the interval is even in the logarithm.
        integer: whether it holds whole numbers only.
    """

    key: str
    choices: tuple[Any, ...] = ()
    overrides: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    ordered: bool = False
    log: bool = False
    integer: bool = False

    @property
    def is_interval(self) -> bool:
        """Whether it is an interval."""
        return not self.choices

    def setting(self, found: float) -> tuple[str, Any]:
        """Returns the override and the value for a number of an interval, or for the position of a choice.

        >>> Dimension("x", low=0.01, high=1.0, log=True).setting(0.123456789)
        ('x=0.123457', 0.123457)
        """
        if self.is_interval:
            # Six digits: as good a point, and one that can be read and typed.
            value = found if self.integer else min(max(float(f"{found:.6g}"), self.low), self.high)
            return f"{self.key}={value!r}", value
        return self.overrides[int(found)], self.choices[int(found)]

    def at(self, share: float) -> float | int:
        """Returns what lies at `share`, from 0 up to 1: a number of an interval, or the position of a choice.

        >>> Dimension("x", low=0.0, high=2.0).at(0.5)
        1.0
        >>> Dimension("n", low=1, high=4, integer=True).at(0.99)
        4
        """
        if not self.is_interval:
            return int(share * len(self.choices))
        if self.integer and not self.log:
            return min(int(self.low + share * (self.high - self.low + 1)), int(self.high))
        if self.log:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return round(value) if self.integer else min(max(value, self.low), self.high)


Space = Sequence[Dimension]


def identity(space: Space) -> str:
    """Returns the text of a space that ids of sweeps are made from; it has that of the first version for good.

    >>> identity((Dimension("x", low=0.0, high=2.0),))
    "(Dimension(key='x', choices=(), words=(), low=0.0, high=2.0, ordered=False, log=False, integer=False),)"
    """
    texts = [repr(each).replace(", overrides=(", ", words=(", 1) for each in space]
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def dimension(override: Override, base: DictConfig) -> Dimension:
    """Returns the dimension that a swept override spans.

    An interval over a key that holds a whole number, such as `trainer.max_generations`, holds whole numbers.

    Raises:
        ValueError: if a tag is unknown, if there is no value or far too many, or if a logarithm does not exist.
    """
    key = override.get_key_element()
    sweep: Any = override.value()
    if isinstance(sweep, Glob):
        found = tuple(sorted(override.sweep_string_iterator())) if "." not in key else ()
        if not found:
            raise ValueError("no option of that group has such a name")
        return Dimension(key, found, tuple(f"{key}={option}" for option in found))
    for tag in sorted(sweep.tags):
        if tag not in _TAGS:
            raise ValueError(f"there is no tag {tag!r}{did_you_mean(tag, _TAGS)}")
    if not isinstance(sweep, IntervalSweep):
        if sweep.tags:
            raise ValueError("tag(log, ...) needs an interval, as in tag(log,interval(0.01,1))")
        shuffled, sweep.shuffle = sweep.shuffle, False  # Hydra's order is another one each time that it is asked
        if isinstance(sweep, RangeSweep):
            choices = _range(sweep)
            overrides = tuple(f"{key}={value!r}" for value in choices)
        else:
            choices = tuple(_value(value) for value in override.sweep_iterator())
            overrides = tuple(f"{key}={_text(value)}" for value in override.sweep_string_iterator())
        if not choices:
            raise ValueError("holds no value; range(start,stop) leaves out stop")
        if shuffled:
            order = random.Random(repr(overrides)).sample(range(len(overrides)), len(overrides))
            choices, overrides = tuple(choices[index] for index in order), tuple(overrides[index] for index in order)
        return Dimension(key, choices, overrides, ordered=isinstance(sweep, RangeSweep) and not shuffled)
    low, high, log = float(sweep.start or 0), float(sweep.end or 0), "log" in sweep.tags
    there = OmegaConf.select(base, override.key_or_group)
    integer = isinstance(sweep.start, int) or (isinstance(there, int) and not isinstance(there, bool))
    integer = integer or (there is None and _takes_whole_numbers(override.key_or_group, base))
    if not math.isfinite(high - low):
        raise ValueError("the ends of an interval must be finite numbers, and their distance too")
    if not low < high:
        raise ValueError("the first end of an interval must be smaller than the second")
    if integer and not (low := math.ceil(low)) < (high := math.floor(high)):
        raise ValueError("holds no two whole numbers, and the key takes nothing else")
    if log and low <= 0:
        raise ValueError("tag(log, ...) needs an interval above 0")
    return Dimension(key, low=low, high=high, log=log, integer=integer)


def _takes_whole_numbers(key: str, base: DictConfig) -> bool:
    # Of a key that is null: by the argument that it sets.
    section, _, argument = key.partition(".")
    name = OmegaConf.select(base, f"{section}.name")
    if section not in _SECTIONS or name not in registry.names(section):
        return False
    found = registry.arguments(registry.lookup(section, name)).get(argument)
    kinds = {get_args(each)[0] if get_origin(each) is Annotated else each for each in _options(found)}
    return int in kinds and float not in kinds


def _options(found: inspect.Parameter | None) -> tuple[Any, ...]:
    if found is None:
        return ()
    hint = found.annotation
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _range(sweep: RangeSweep) -> tuple[int | float, ...]:
    # In decimals, as it was typed: binary fractions come to 0.30000000000000004, and to one value too many.
    ends = (sweep.start or 0, sweep.stop or 0, sweep.step)
    start, stop, step = (Decimal(repr(end)) for end in ends)
    if step == 0:
        raise ValueError("the step of a range must not be 0")
    is_finite = all(end.is_finite() for end in (start, stop, step))
    count = max(math.ceil((stop - start) / step), 0) if is_finite else MOST + 1
    if count > MOST:
        raise ValueError(f"a range may have at most {MOST:,} values; range(start,stop,step) takes a larger step")
    kind = int if all(isinstance(end, int) for end in ends) else float
    return tuple(kind(start + index * step) for index in range(count))


def _text(value: str) -> str:
    # Hydra writes truth values as Python does.
    return value.lower() if value in ("True", "False") else value


def _value(value: object) -> Any:  # noqa: ANN401 (whatever a config may hold)
    return value.text if isinstance(value, QuotedString) else value
