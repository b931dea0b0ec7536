"""What the tests of operations share: values to compute with, and a reference of higher precision."""

import numpy as np

from syntonic._core import Graph, ResonantTensor, Tensor, _operations

DTYPES = ["float32", "float64"]
SHAPES = [(), (0,), (1,), (17,), (3, 5), (2, 0), (2, 3, 4), (33, 65)]


def random(shape, dtype, seed=0, scale=3.0):
    """Normal numbers of this shape and dtype."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(dtype)


def run(function, *arrays, dtype):
    """The result of a function of tensors, as an array of the same dtype."""
    result = function(*(Tensor(a, dtype=dtype) for a in arrays))
    assert result.dtype == dtype
    return np.asarray(result)


def wide(x):
    """The same values as a reference computes with them: x87 or quad where the machine has it, else binary64."""
    return np.asarray(x).astype(np.longdouble)


def recorded(function, *shapes, parameters=()):
    """The symbol that a function of symbols of these shapes returns."""
    graph = Graph([p for p in parameters if isinstance(p, ResonantTensor)])
    return function(*(graph.input(shape) for shape in shapes))


# What the formulas of elementwise operations in CUDA are made of.
MEANINGS = {"fabs": np.abs, "Larger": lambda: np.maximum, "Smaller": lambda: np.minimum, "real": wide}
MEANINGS |= {name: getattr(np, name) for name in ("cos", "exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh")}


def elementwise():
    """Each operation of one element, with its formula in CUDA as a function of arrays.

    The core computes the same by sums and products of its own; that both agree is what the tests of the CPU show.
    """

    def function(formula):
        return lambda x: eval(formula, MEANINGS | {"x": x})

    return {name: function(formula) for name, _, _, formula in _operations() if formula is not None}
