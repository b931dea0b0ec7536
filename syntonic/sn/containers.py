"""Modules that hold other modules."""

from collections.abc import Iterable, Iterator

from syntonic.sn.array import A
from syntonic.sn.module import Module


class _Ordered(Module):
    """Modules by position."""

    def append(self, module: Module) -> None:
        """Adds a module at the end.

        Raises:
            TypeError: it is no Module.
        """
        if not isinstance(module, Module):
            raise TypeError(f"expected a Module, got {module!r}; wrap a function in a Module of its own")
        setattr(self, str(len(self)), module)

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Module:
        return list(self)[index]

    def __iter__(self) -> Iterator[Module]:
        return (part for part in self._parts.values() if isinstance(part, Module))


class Sequential(_Ordered):
    """Modules applied one after the other; without any it returns its input.

    >>> from syntonic.sn import Identity, Tanh
    >>> len(Sequential(Tanh(), Identity()))
    2
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            self.append(module)

    def forward(self, x: A, /) -> A:
        """Returns the last module's outputs."""
        for module in self:
            x = module(x)
        return x


class ModuleList(_Ordered):
    """A list of modules that its owner calls itself."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in modules:
            self.append(module)

    def forward(self, x: A, /) -> A:
        """Raises NotImplementedError: a list has no order of calls."""
        raise NotImplementedError("a ModuleList cannot be called; call its modules, or use Sequential")
