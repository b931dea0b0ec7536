"""Writes `syntonic/sn/functional.pyi`, the types of the operations, from what the core tells of each operation.

Run `uv run python rust_core/py/write_stub.py` after an operation was added or its arguments were changed.
"""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from syntonic._core import Tensor, _operations

PLACE = Path(__file__).resolve().parents[2] / "syntonic/sn/functional.pyi"
TYPES = {
    "bool": "bool",
    "f64": "float",
    "isize": "int",
    "u32": "int",
    "String": "str",
    "Given": "{own} | Tensor",
    "Broadcast": "{own} | Tensor | float",
    "Param": "ResonantTensor",
    "Dims": "int | Sequence[int]",
    "Sizes": "int | Sequence[int]",
    "OpenSizes": "int | Sequence[int]",
    "PerAxis": "int | Sequence[int]",
    "Places": "Sequence[int]",
    "Count": "int",
}
HEAD = '''"""Types of the operations: written by rust_core/py/write_stub.py, not by hand."""

from collections.abc import Sequence
from typing import Self, TypeVar

from syntonic._core import ResonantTensor, Tensor

class Array:
    """A value of a forward pass: a `Tensor` that holds numbers, or a `Symbol` that records what is done with it.

    Shapes are those of one member of the population; the engine adds the member axis.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
'''
OPERATORS = [("add", "Self | Tensor | float"), ("sub", "Self | Tensor | float"), ("mul", "Self | Tensor | float")]
OPERATORS += [("truediv", "Self | Tensor | float"), ("matmul", "Self | Tensor")]


def python_type(kind: str, own: str) -> str:
    """The type in Python of an argument whose type in the operation's file is `kind`."""
    kind = kind.replace(" ", "")
    if inner := re.fullmatch(r"Option<(.*)>", kind):
        return f"{python_type(inner[1], own)} | None"
    if inner := re.fullmatch(r"Vec<(.*)>", kind):
        return f"Sequence[{python_type(inner[1], own)}]"
    return TYPES[kind].format(own=own)


def arguments(name: str, kinds: list[tuple[str, str]], own: str) -> Iterator[str]:
    """The arguments of a method but the first, with types and defaults."""
    found = inspect.signature(getattr(Tensor, name)).parameters
    for argument, kind in kinds:
        default = found[argument].default
        shown = f'"{default}"' if isinstance(default, str) else repr(default)
        yield f"{argument}: {python_type(kind, own)}" + ("" if default is inspect.Parameter.empty else f" = {shown}")


def text() -> str:
    """The whole file."""
    methods, functions = [], []
    for name, receiver, kinds, _ in _operations():
        methods.append(f"    def {name}({', '.join(['self', *arguments(name, kinds, 'Self')])}) -> Self: ...")
        if name != "concat":
            functions.append(f"def {name}({', '.join([f'{receiver}: A', *arguments(name, kinds, 'A')])}) -> A: ...")
    for name, other in OPERATORS:
        methods.append(f"    def __{name}__(self, other: {other}, /) -> Self: ...")
        if name != "matmul":
            methods.append(f"    def __r{name}__(self, other: Tensor | float, /) -> Self: ...")
    methods.append("    def __neg__(self) -> Self: ...")
    functions.append("def concat(values: Sequence[A], dim: int = 0) -> A: ...")
    functions.append("def mse_loss(x: A, targets: A | Tensor) -> A: ...")
    whole = "\n".join([HEAD.rstrip(), *methods, "", 'A = TypeVar("A", bound=Array)', "", *functions, ""])
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(PLACE), "-"]
    return subprocess.run(command, input=whole, capture_output=True, text=True, check=True, cwd=PLACE.parent).stdout


if __name__ == "__main__":
    PLACE.write_text(text())
