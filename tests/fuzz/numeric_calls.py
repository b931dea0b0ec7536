"""Random calls of the numeric core, each written as an expression that shows the fault again when it is evaluated.

`python numeric_calls.py FIRST COUNT MEBIBYTES` makes calls number FIRST .. in an address space that is so much larger
than at the start. It ends with 0 if every call returned or raised an `Exception`, no call took 20 seconds, and calls
that are meant well go on working. Call number n is the same on every machine.
"""

import contextlib
import faulthandler
import functools
import inspect
import random
import resource
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from syntonic import _core
from syntonic.classic.state import State

sys.path.insert(0, str(Path(__file__).parent))
import hostile

NAMES: dict[str, Any] = {
    **{name: value for name, value in vars(_core).items() if not name.startswith("_")},
    **{name: getattr(hostile, name) for name in ("Liar", "LiarList", "Broken", "Capsule", "NoCapsule", "repeated")},
    "T": _core.Tensor,
    "R": _core.ResonantTensor,
    "State": State,
    "np": np,
    "functools": functools,
    "nan": float("nan"),
    "inf": float("inf"),
}
# What changes the process, needs a GPU, or is meant to compute for as long as its number is large.
LEFT_OUT = {"set_threads", "py_mertens", "cuda_compile", "fibonacci", "lucas", "pisano_period", "Evolution"}
FORMATS = "f2 f4 >f4 >f8 i1 u8 bool c8 O S4".split()
VIEWS = [".T", "[::-1]", "[:, ::2]", "[..., ::-2]", "[:, :, 1:1]", "[:0]"]
CAPSULES = [
    "(2, 3), None",
    "(2, 3), (3, 1)",
    "(3, 2), (-2, 1)",
    "(4,), (0,)",
    "(2**40,), (0,)",
    "(2**31, 2**31), (0, 0)",
    "(2**62,), (1,)",
    "(-1,), (1,)",
    "(3,), (2**62,)",
    "(3,), (-2**63,)",
    "(2**40, 0), (1, 1)",
    "(), ()",
]
LIES = [
    "null=True",
    "offset=2**63",
    "offset=2**64 - 8",
    "rank=-1",
    "rank=65",
    "code=5",
    "bits=7",
    "lanes=4",
    "device=2",
]
DTYPES = ["'float32'", "'float64'", "np.float32", "np.dtype('f8')", "'int8'", "'float16'", "5", "None"]
NUMBERS = (
    "0.0 1.0 -1.0 0.5 2.0 1e-5 1e-45 1e-30 1e25 3e38 1e200 1.7e308 inf -inf nan -0.0 5e-324 2**53+1 10**400 3 True"
).split()
SIZES = "0 1 2 3 4 5 7 16 33".split()
WILD = (
    "-1 -2 64 65 1000 2**20 2**24 2**31 2**32 2**40 2**53 "
    "2**62 2**63-1 2**63 2**64 -2**31 -2**63 10**30 1.5 '3' None nan True"
).split()
TEXTS = (
    "'phi' 'standard' 'relu' 'layer_norm' 'scaled' 'raw' 'mean' 'golden' 'cpu' 'cuda:0' '' 'x' '\\ud800' '\\0'".split()
)


class Maker:
    """Writes one call."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def size(self) -> str:
        return self.one(*WILD) if self.chance(0.25) else self.one(*SIZES)

    def many(self, make: Any, most: int = 4) -> str:
        return "[" + ", ".join(make() for _ in range(self.random.randrange(most + 1))) + "]"

    def sizes(self) -> str:
        if self.chance(0.1):
            return self.one(
                "Liar(2**40, (2, 3))", "Liar(2**62)", "Liar(-1)", "LiarList([2])", "(1,)*65", "Broken()", "5", "'23'"
            )
        return f"tuple({self.many(self.size if self.chance(0.4) else lambda: self.one(*SIZES))})"

    def number(self) -> str:
        return self.one(*NUMBERS)

    def small(self) -> str:
        return f"({', '.join(self.one('1', '2', '3', '4') for _ in range(self.random.randrange(1, 4)))},)"

    def data(self) -> str:
        shape, seed = self.small(), self.random.randrange(99)
        return self.one(
            f"np.random.default_rng({seed}).standard_normal({shape})",
            f"np.random.default_rng({seed}).standard_normal({shape}).astype('{self.one(*FORMATS)}')",
            f"np.arange(24.0).reshape(2, 3, 4){self.one(*VIEWS)}",
            f"repeated({self.one('0', '3', '2**20', '2**31', '2**40', '2**60')})",
            self.many(self.number, 6),
            f"[{self.many(self.number)}, {self.many(self.number)}]",
            self.number(),
            f"Liar({self.one('2', '0', '1', '2**40', '2**62', '-1', '2**63')})",
            "LiarList([1.0, 2.0])",
            "Broken()",
            self.capsule(),
            "NoCapsule()",
            self.one(
                "b'12345678'",
                "bytearray(16)",
                "memoryview(b'abcd').cast('I')",
                "'text'",
                "object()",
                "{}",
                "range(5)",
                "iter([1.0])",
            ),
        )

    def capsule(self) -> str:
        lie = "" if self.chance(0.3) else ", " + self.one(*LIES, "bits=64, code=0")
        return f"Capsule({self.one(*CAPSULES)}{lie})"

    def normals(self) -> str:
        return f"np.random.default_rng({self.random.randrange(9)}).standard_normal({self.small()})"

    def tensor(self) -> str:
        dtype = self.one("'float32'", "'float64'")
        if self.chance(0.15):
            return f"T({self.data()}, dtype={dtype})"
        if self.chance(0.1):
            return f"T.full({self.sizes()}, {self.number()}, {dtype})"
        if self.chance(0.3):
            return f"T({self.many(self.number, 6)}, dtype={dtype})"
        return f"T({self.normals()} * {self.number()}, dtype={dtype})"

    def resonant(self) -> str:
        norms = self.one(
            "",
            "",
            ", mode_norms='raw'",
            f", mode_norms={self.many(self.number)}",
            ", mode_norms=repeated(2**40)",
            ", mode_norms=Liar(2**62)",
        )
        if self.chance(0.2):
            return f"R({self.data()}{norms})"
        if self.chance(0.2):
            maker = self.one("R.zeros", "R.ones", "functools.partial(R.randn, seed=1)")
            return f"{maker}({self.sizes()}{norms})"
        return f"R({self.normals()}{norms})"

    def exact(self) -> str:
        part = lambda: self.one("0", "1", "-3", "2**62", "2**63", "-2**63", "2**127", "10**40", self.size())  # noqa: E731
        return f"GoldenExact({part()}, {part()}, {part()}, {part()})"

    def value(self, name: str) -> str:
        """An argument that its name asks for, or any other."""
        if self.chance(0.08):
            name = ""
        kinds = {
            self.sizes: (
                "shape",
                "size",
                "sizes",
                "a_shape",
                "b_shape",
                "input_shape",
                "kernel_shape",
                "strides",
                "stride",
                "padding",
                "pool",
                "dims",
            ),
            self.size: (
                "dim",
                "dim0",
                "dim1",
                "axis",
                "start",
                "length",
                "seed",
                "step",
                "count",
                "heads",
                "n",
                "precision",
                "batch",
                "classes",
                "rows",
                "num_features",
                "device_idx",
                "generation",
                "a",
                "b",
                "m",
                "max_coeff",
                "max_denom",
                "index",
            ),
            self.number: (
                "eps",
                "variance",
                "scale",
                "p",
                "low",
                "high",
                "min",
                "max",
                "target",
                "mu",
                "lam",
                "phi",
                "noise_scale",
                "strength",
                "momentum",
                "syntony_scale",
                "x0",
            ),
            self.tensor: (
                "x",
                "other",
                "targets",
                "labels",
                "weights",
                "key",
                "value",
                "residual",
                "logits",
                "syntony",
                "y",
                "psi",
            ),
            self.resonant: ("weight", "bias", "table", "parameter", "self"),
            lambda: self.one(*DTYPES): ("dtype",),
            lambda: self.one(*TEXTS): ("mode", "activation", "device", "method", "law", "phase", "text", "name"),
            lambda: self.many(self.size): ("indices", "index", "dims", "order", "axes"),
            lambda: self.many(self.number, 6): (
                "values",
                "norms",
                "mode_norms",
                "probabilities",
                "gamma",
                "beta",
                "data",
                "eigenvalues",
            ),
        }
        for make, names in kinds.items():
            if name in names:
                return make()
        return self.one(
            self.size(),
            self.number(),
            self.sizes(),
            self.tensor(),
            self.data(),
            self.resonant(),
            self.exact(),
            self.one(*TEXTS),
            self.many(self.tensor, 2),
        )

    def arguments(self, function: Any, *, bound: bool) -> str:
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (ValueError, TypeError):
            parameters = []
        parameters = parameters[1:] if bound and parameters else parameters
        written = []
        for parameter in parameters:
            if parameter.default is not parameter.empty and self.chance(0.5):
                continue
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            text = self.value(parameter.name)
            written.append(
                f"{parameter.name}={text}"
                if parameter.default is not parameter.empty or parameter.kind is parameter.KEYWORD_ONLY
                else text
            )
        plain = [text for text in written if "=" not in text.split("(")[0].split("[")[0]]
        return ", ".join([*plain, *(text for text in written if text not in plain)])

    def call(self) -> str:
        kind = self.random.random()
        if kind < 0.1:
            return f"T({self.data()}, {self.one('None', self.sizes())}, {self.one(*DTYPES)})"
        if kind < 0.16:
            operator = self.one("+", "-", "*", "/", "@", "//", "%", "**", "==", "<", "divmod")
            own = self.one(self.tensor(), self.resonant(), self.exact())
            other = self.one(self.tensor(), self.resonant(), self.exact(), self.number())
            left, right = (own, other) if self.chance(0.5) else (other, own)
            return f"divmod({left}, {right})" if operator == "divmod" else f"({left}) {operator} ({right})"
        if kind < 0.2:
            return self.one(
                f"memoryview({self.tensor()}).tobytes()",
                f"np.asarray({self.tensor()}).sum()",
                f"np.from_dlpack({self.tensor()})",
                f"format({self.exact()}, {self.one('.3f', '9', 'g', '.9999999f', 's')!r})",
                f"State({self.data()})",
                f"{self.resonant()}[{self.one(self.size(), '::2', '...', '::-1')}]",
            )
        for _ in range(99):
            owner = self.random.choice(OWNERS)
            if owner is None:
                name = self.random.choice(FUNCTIONS)
                return f"{name}({self.arguments(NAMES[name], bound=False)})"
            name = self.random.choice(METHODS[owner])
            method = inspect.getattr_static(NAMES[owner], name)
            if isinstance(method, staticmethod):
                return f"{owner}.{name}({self.arguments(getattr(NAMES[owner], name), bound=False)})"
            own = {"Tensor": self.tensor, "ResonantTensor": self.resonant, "GoldenExact": self.exact}[owner]()
            return f"{own}.{name}({self.arguments(getattr(NAMES[owner], name), bound=True)})"
        raise AssertionError


METHODS = {
    owner: sorted(
        name
        for name, value in vars(NAMES[owner]).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, staticmethod))
    )
    for owner in ("Tensor", "ResonantTensor", "GoldenExact")
}
FUNCTIONS = sorted(
    name
    for name, value in vars(_core).items()
    if callable(value)
    and not name.startswith(("_", "cuda"))
    and name not in LEFT_OUT
    and not (isinstance(value, type) and issubclass(value, BaseException))
)
OWNERS = ["Tensor"] * 4 + ["ResonantTensor"] * 3 + ["GoldenExact", None, None, None]


def well_meant() -> bool:
    x = _core.Tensor([[1.0, 2.0], [3.0, 4.0]])
    return (x.sum().item(), x.matmul(x).tolist()) == (10.0, [[7.0, 10.0], [15.0, 22.0]])


def limit(mebibytes: int) -> None:
    """Leaves the process an address space that is so much larger than now."""
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + (mebibytes << 20),) * 2)


def start(mebibytes: int) -> None:
    """Warms up and sets the limit."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    well_meant()
    limit(mebibytes)


def run(expression: str) -> str:
    """What became of a call: the name of its exception, or "value"."""
    faulthandler.dump_traceback_later(20, exit=True)
    try:
        eval(compile(expression, "call", "eval"), dict(NAMES))
    except Exception as error:
        if "please report it" in str(error):
            raise SystemExit(f"an internal error: {expression}: {error}") from None
        return type(error).__name__
    except BaseException as error:
        raise SystemExit(f"no Exception: {expression}: {type(error).__name__} {error}") from None
    finally:
        faulthandler.cancel_dump_traceback_later()
    return "value"


def main() -> None:
    first, count, mebibytes = map(int, sys.argv[1:4])
    start(mebibytes)
    ends: Counter[str] = Counter()
    for number in range(first, first + count):
        expression = Maker(number).call()
        # The last line that was written is the call that ended the process.
        print(number, expression, file=sys.stderr, flush=True)
        ends[run(expression)] += 1
        if number % 50 == 0 and not well_meant():
            raise SystemExit(f"a call that is meant well fails after {expression}")
    with contextlib.suppress(BrokenPipeError):
        print(dict(ends.most_common()))


if __name__ == "__main__":
    main()
