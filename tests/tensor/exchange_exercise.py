"""Everything that the buffer protocol and DLPack do with raw memory, once; run under valgrind by `test_glue_memory.py`.

With the argument "fault" it reads memory that nothing owns any more, which valgrind must see.
"""

import array
import ctypes
import gc
import sys
from typing import Any

import numpy as np

from syntonic._core import Tensor

get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def lend() -> None:
    """Memory of ours in the hands of others, who keep it longer than we do."""
    for dtype in ("float32", "float64"):
        for shape in [(), (0,), (7,), (2, 3), (3, 0, 2), (2, 1, 3, 2), (1000,)]:
            t = Tensor(np.arange(np.prod(shape, dtype=int), dtype=dtype).reshape(shape), dtype=dtype)
            views = [np.asarray(t), np.from_dlpack(t), np.asarray(memoryview(t))]
            want = t.tolist()
            unused = [t.__dlpack__(), t.__dlpack__(max_version=(1, 0))]
            del t
            gc.collect()
            assert all(view.tolist() == want for view in views)
            del views, unused
            gc.collect()


class Capsules:
    """An array that is lent by DLPack alone."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> object:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        device: tuple[int, int] = self.values.__dlpack_device__()
        return device


def borrow() -> None:
    """Memory of others: of every format, order and direction."""
    for dtype in (">f4", np.int8, bool, np.float16, np.float32, np.float64):
        x = np.arange(120, dtype=np.float64).astype(dtype).reshape(4, 5, 6)
        for view in (x, x.T, x[::-1], x[:, ::-2], x[1:, 2:4, ::3], x[..., :0], x[2, 3, 4:5].reshape(())):
            lenders = [view] if dtype == ">f4" else [view, Capsules(view)]  # DLPack knows no foreign byte order
            for lender in lenders:
                assert Tensor(lender, dtype="float64").tolist() == view.astype(float).tolist()
    for code in "bBhHiIlLqQfd":
        assert Tensor(array.array(code, [1, 2, 3])).tolist() == [1.0, 2.0, 3.0]


def fault() -> None:
    """Reads a tensor's memory through an address that its capsule told, after both are gone."""
    t = Tensor([1.0] * 50, dtype="float64")
    capsule = t.__dlpack__()
    address = ctypes.c_void_p.from_address(get_pointer(capsule, b"dltensor")).value
    del t, capsule
    ctypes.string_at(address or 0, 16)


if __name__ == "__main__":
    if sys.argv[1:] == ["fault"]:
        fault()
    else:
        lend()
        borrow()
    print("done")
