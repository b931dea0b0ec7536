"""Modules: the parts of a model, written for one member of the population."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self, TypeVar

from syntonic.sn.array import A
from syntonic.sn.given import is_value, through
from syntonic.sn.parameter import Parameter, Saved

T = TypeVar("T")
DEFAULT_SEED: Final = 0
"""Of the first values of a module that is called before `initialize`."""


class Module(ABC):
    """A part of a model: parameters, modules within it, and a forward pass.

    A subclass assigns its parts as attributes and writes `forward` with the methods of `Array` alone, so that the same
    lines compute with tensors and record a program. Parts keep the order in which they were assigned.

    A module that is called before `initialize` has the first values of seed 0. One that is called with numbers, such as
    a list or a ResonantTensor, returns a ResonantTensor in flux; see `syntonic.sn.given`.

    Attributes:
        training: Whether layers such as `Dropout` are active; set by `train` and `eval`.
        number: The module's place in the model, set by `initialize`; random layers draw by it.
    """

    training: bool = True
    number: int = 0

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "forward" in cls.__dict__:
            cls.forward = _prepared(cls.forward)  # type: ignore[method-assign]

    @abstractmethod
    def forward(self, x: A, /) -> A:
        """Returns the outputs of one member for a batch."""

    def __call__(self, x: A, /) -> A:
        """Returns `forward(x)`."""
        return self.forward(x)

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Parameter | Module):
            self._parts[name] = value
            self.__dict__["_is_prepared"] = False
        else:
            self._parts.pop(name, None)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._parts.pop(name, None)
        object.__delattr__(self, name)

    @property
    def _parts(self) -> dict[str, "Parameter | Module"]:
        # Made on first use, so that a subclass need not call super().__init__().
        parts: dict[str, Parameter | Module] = self.__dict__.setdefault("_parts_in_order", {})
        return parts

    def _walk(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, "Parameter | Module"]]:
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, part in self._parts.items():
            path = f"{prefix}.{name}" if prefix else name
            if isinstance(part, Module):
                yield from part._walk(path, seen)
            elif id(part) not in seen:
                seen.add(id(part))
                yield path, part

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yields (dot-joined name, parameter) in order of definition; a shared parameter comes once."""
        return ((name, part) for name, part in self._walk("", set()) if isinstance(part, Parameter))

    def parameters(self) -> Iterator[Parameter]:
        """Yields the parameters in order of definition; a shared one comes once."""
        return (parameter for _, parameter in self.named_parameters())

    def modules(self) -> Iterator["Module"]:
        """Yields this module and all modules within it in order of definition; a shared one comes once."""
        return (part for _, part in self._walk("", set()) if isinstance(part, Module))

    def train(self, mode: bool = True) -> Self:
        """Sets `training` of this module and all within it; returns self."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Sets `training` to False of this module and all within it; returns self."""
        return self.train(False)

    def initialize(self, seed: int) -> None:
        """Gives every parameter its first values: a pure function of the model's definition and the seed.

        Raises:
            OverflowError: the seed is not in [0, 2^32).
        """
        for number, module in enumerate(self.modules()):
            module.number = number
        for index, parameter in enumerate(self.parameters()):
            parameter.initialize(seed, index)

    def prepare(self) -> None:
        """Gives the parameters that nothing has given values the first ones of seed 0; `forward` does so by itself."""
        untouched = [(index, part) for index, part in enumerate(self.parameters()) if part.is_untouched]
        for index, parameter in untouched:
            parameter.initialize(DEFAULT_SEED, index)
        for module in self.modules():
            module.__dict__["_is_prepared"] = True

    def state_dict(self) -> dict[str, Saved]:
        """Returns the state of every parameter by name."""
        return {name: parameter.save() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Saved]) -> None:
        """Puts every parameter into a state that `state_dict` returned.

        Raises:
            ValueError: names are missing or unknown, or an entry does not fit; nothing is changed then.
        """
        parameters = dict(self.named_parameters())
        if missing := parameters.keys() - state.keys():
            raise ValueError(f"the state lacks {', '.join(sorted(missing))}; was it saved from another model?")
        if unknown := state.keys() - parameters.keys():
            raise ValueError(f"the model has no {', '.join(sorted(unknown))}; was the state saved from another model?")
        for name, parameter in parameters.items():
            try:
                parameter.check(state[name])
            except (ValueError, KeyError, TypeError) as fault:
                raise ValueError(f"{name}: {fault}") from fault
        for name, parameter in parameters.items():
            parameter.load(state[name])


def _prepared(forward: Callable[..., T]) -> Callable[..., T]:
    """Returns a forward pass of a module that has first values, and that takes data as well as tensors."""

    @functools.wraps(forward)
    def prepared(self: Module, *args: Any, **options: Any) -> T:  # noqa: ANN401 (whatever the pass takes)
        if not self.__dict__.get("_is_prepared"):
            self.prepare()
        if args and not is_value(args[0]):
            return through(forward, self, args, options)  # type: ignore[no-any-return]
        return forward(self, *args, **options)

    return prepared
