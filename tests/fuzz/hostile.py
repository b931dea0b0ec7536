"""Values that no caller means well with: lengths that lie, strides, capsules, sizes and numbers at every end."""

import ctypes
from typing import Any

import numpy as np


class Liar:
    """A sequence that says how long it is, and is not."""

    def __init__(self, says: int, items: Any = (1.0, 2.0)) -> None:
        self.says, self.items = says, items

    def __len__(self) -> int:
        return self.says

    def __getitem__(self, place: int) -> Any:
        return self.items[place]


class LiarList(list[Any]):
    """A list that says how long it is, and is not."""

    def __len__(self) -> int:
        return 2**40


class Broken:
    """Everything that it is asked for fails."""

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __iter__(self) -> Any:
        raise RuntimeError("no items")

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __index__(self) -> int:
        raise RuntimeError("no index")


class _DlTensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    _fields_ = (("tensor", _DlTensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p))


_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


class Capsule:
    """An array that lends memory through DLPack with whatever description it is given."""

    def __init__(
        self,
        shape: tuple[int, ...],
        strides: tuple[int, ...] | None = None,
        *,
        null: bool = False,
        offset: int = 0,
        rank: int | None = None,
        code: int = 2,
        bits: int = 32,
        lanes: int = 1,
        device: int = 1,
    ) -> None:
        self.values = (ctypes.c_float * 64)(*range(64))
        self.shape = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        self.strides = None if strides is None else (ctypes.c_int64 * max(len(strides), 1))(*strides)
        self.managed = _Managed()
        tensor = self.managed.tensor
        # The middle of the values, so that small negative strides are honest.
        tensor.data = None if null else ctypes.addressof(self.values) + 128
        tensor.device, tensor.rank = device, len(shape) if rank is None else rank
        tensor.code, tensor.bits, tensor.lanes, tensor.byte_offset = code, bits, lanes, offset
        tensor.shape = ctypes.cast(self.shape, ctypes.POINTER(ctypes.c_int64))
        if self.strides is not None:
            tensor.strides = ctypes.cast(self.strides, ctypes.POINTER(ctypes.c_int64))

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.managed.tensor.device, 0

    def __dlpack__(self, **_: Any) -> Any:
        return _new(ctypes.addressof(self.managed), b"dltensor", None)


class NoCapsule:
    """What it lends is no capsule."""

    def __dlpack_device__(self) -> Any:
        return (1, 0)

    def __dlpack__(self, **_: Any) -> Any:
        return object()


def repeated(size: int) -> Any:
    """One number that says it is an array of this length."""
    return np.broadcast_to(np.float32(1), (size,))
