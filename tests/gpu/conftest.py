"""What the tests on a GPU share: moving arrays, comparing with an oracle in binary64. Skipped, aloud, without a GPU.

`SYNTONIC_GPU_TEST_NUMBERS=N` leaves out arrays of more than N numbers, for tools under which a kernel runs slowly.
"""

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from syntonic import _core

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "ops"))  # the operations of one element and their formulas
sys.path.insert(0, str(HERE))


def numbers(item):
    """How many numbers the arrays of a test have, as far as its parameters tell: None among them tells nothing."""
    given = getattr(getattr(item, "callspec", None), "params", {})
    sizes = (np.atleast_1d(given[name]) for name in ("shape", "length", "n", "dim") if given.get(name) is not None)
    return max((math.prod(size) for size in sizes if None not in size), default=0)


def pytest_collection_modifyitems(config, items):
    most = int(os.environ.get("SYNTONIC_GPU_TEST_NUMBERS", sys.maxsize))
    large = {item for item in items if HERE in item.path.parents and numbers(item) > most}
    items[:] = [item for item in items if item not in large]
    config.hook.pytest_deselected(items=list(large))
    why = _core.cuda_reason()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.gpu)
            if why:
                item.add_marker(pytest.mark.skip(reason=f"no GPU: {why}"))


class Gpu:
    """Arrays of one number format, there and back."""

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self.eps = np.finfo(dtype).eps
        self.rng = np.random.default_rng(7)

    def normal(self, *shape, scale=1.0, shift=0.0):
        return (self.rng.standard_normal(shape) * scale + shift).astype(self.dtype)

    def up(self, array):
        array = np.asarray(array, dtype=self.dtype, order="C")
        return _core.Tensor(array, shape=list(array.shape), dtype=str(self.dtype)).to("cuda:0")

    @staticmethod
    def down(tensor):
        if tensor.dtype == "int64":
            return np.array(tensor.tolist(), dtype=np.int64).reshape(tensor.shape)
        return np.array(tensor.cpu(), dtype=np.float64)

    def near(self, tensor, want, scale, ulps):
        """|got - want| <= ulps * eps * scale for each element: `scale` is the size of what was added or multiplied."""
        got = self.down(tensor)
        assert tensor.dtype == str(self.dtype)
        assert got.shape == np.shape(want)
        bound = ulps * self.eps * np.broadcast_to(np.abs(scale), got.shape)
        wrong = ~((np.abs(got - want) <= bound) | (np.isnan(got) & np.isnan(want)) | (got == want))
        assert not wrong.any(), (
            f"{wrong.sum()} of {got.size} are off, first at {np.argwhere(wrong)[0]}: got {got[wrong][0]}, "
            f"want {np.broadcast_to(want, got.shape)[wrong][0]}, bound {bound[wrong][0]}"
        )


@pytest.fixture(params=["float32", "float64"])
def gpu(request):
    return Gpu(request.param)
