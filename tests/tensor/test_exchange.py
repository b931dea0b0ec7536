"""Memory shared with NumPy, JAX and the standard library: both ways, lifetimes, capsules that nobody takes."""

import array
import ctypes
import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from syntonic._core import Tensor

DTYPES = ["float32", "float64"]
SHAPES = [(), (0,), (1,), (7,), (2, 3), (3, 0, 2), (2, 1, 3, 2)]


def values(shape, dtype):
    return np.random.default_rng(7).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_numpy_views_share_memory_and_are_read_only(shape, dtype):
    x = values(shape, dtype)
    t = Tensor(x, dtype=dtype)
    for view in [np.asarray(t), np.from_dlpack(t), np.asarray(memoryview(t))]:
        assert view.shape == shape
        assert view.dtype == dtype
        np.testing.assert_array_equal(view, x)
        assert not view.flags.writeable
        if view.size:
            assert view.ctypes.data == np.asarray(t).ctypes.data


def test_views_outlive_the_tensor():
    t = Tensor(np.arange(1000.0), dtype="float64")
    views = [
        np.asarray(t),
        np.from_dlpack(t),
        np.asarray(memoryview(t)),
        np.asarray(jnp.from_dlpack(t.astype("float32"))),
    ]
    del t
    gc.collect()
    noise = [np.full(1000, float(i)) for i in range(50)]  # would reuse freed memory
    for view in views:
        np.testing.assert_array_equal(view, np.arange(1000.0))
    assert len(noise) == 50


def test_the_source_array_may_change_afterwards():
    x = np.zeros(4, dtype="float32")
    t = Tensor(x)
    x[:] = 9
    assert t.tolist() == [0.0] * 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "source",
    ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64", "bool",
     ">f8", ">i4", "<f4", ">f2", ">u8"],
)  # fmt: skip
def test_every_real_format_is_converted(source, dtype):
    x = np.array([0, 1, 2, 100, 3], dtype=source)
    t = Tensor(x, dtype=dtype)
    np.testing.assert_array_equal(np.asarray(t), x.astype(dtype))


def test_half_precision_is_read_exactly_in_full():
    every = np.arange(1 << 16, dtype=np.uint16).view("float16")
    np.testing.assert_array_equal(np.asarray(Tensor(every, dtype="float64")), every.astype("float64"))


@pytest.mark.parametrize("bad", ["complex64", "S3", "U2", "datetime64[s]", "O", "g", "i4,f4"])
def test_other_formats_are_refused(bad):
    with pytest.raises(TypeError, match="expected"):
        Tensor(np.zeros(2, dtype=bad))


@pytest.mark.parametrize("index", [np.s_[::2], np.s_[::-1], np.s_[:, 1], np.s_[..., ::-2], np.s_[1:1], np.s_[None, 2]])
def test_strided_arrays_are_read_in_row_major_order(index):
    x = values((5, 4), "float64")[index]
    assert Tensor(x, dtype="float64").tolist() == x.tolist()
    assert Tensor(x.T, dtype="float64").tolist() == x.T.tolist()
    assert Tensor(Strided(x), dtype="float64").tolist() == x.tolist()


class Strided:
    """Offers DLPack and nothing else."""

    def __init__(self, x, device=(1, 0), legacy=False):
        self.x, self.device, self.legacy = x, device, legacy

    def __dlpack__(self, **options):
        if self.legacy and options:
            raise TypeError("no options known")
        return self.x.__dlpack__(**options) if isinstance(self.x, np.ndarray) else self.x

    def __dlpack_device__(self):
        return self.device


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_dlpack_import_of_old_and_new_producers(shape, legacy):
    x = values(shape, "float64")
    assert Tensor(Strided(x, legacy=legacy), dtype="float64").tolist() == x.tolist()


def test_dlpack_import_refuses_what_it_cannot_read():
    with pytest.raises(ValueError, match="device 2; copy it to the CPU"):
        Tensor(Strided(np.zeros(2), device=(2, 0)))
    with pytest.raises(TypeError, match="unused DLPack capsule"):
        Tensor(Strided("no capsule"))
    with pytest.raises(TypeError, match="DLPack type code 5"):
        Tensor(Strided(np.zeros(2, dtype="complex64")))
    used = Tensor([1.0]).__dlpack__()
    np.from_dlpack(Strided(used))
    with pytest.raises(TypeError, match="unused DLPack capsule"):
        Tensor(Strided(used))


@pytest.mark.parametrize("dtype", DTYPES)
def test_lists_of_arrays(dtype):
    x = values((3, 2), dtype)
    assert Tensor(list(x), dtype=dtype).tolist() == x.tolist()
    assert Tensor([Tensor(row, dtype=dtype) for row in x], dtype=dtype).tolist() == x.tolist()
    assert Tensor(list(x[0]), dtype=dtype).tolist() == x[0].tolist()
    with pytest.raises(ValueError, match="rectangle"):
        Tensor([x[0], 1.0])


def test_who_asks_for_no_sizes_gets_one_row_of_bytes():
    class View(ctypes.Structure):
        _fields_ = [
            ("buf", ctypes.c_void_p),
            ("obj", ctypes.c_void_p),
            ("len", ctypes.c_ssize_t),
            ("itemsize", ctypes.c_ssize_t),
            ("readonly", ctypes.c_int),
            ("ndim", ctypes.c_int),
            ("format", ctypes.c_char_p),
            ("shape", ctypes.c_void_p),
            ("strides", ctypes.c_void_p),
            ("suboffsets", ctypes.c_void_p),
            ("internal", ctypes.c_void_p),
        ]

    view, tensor, simple, sizes = View(), Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 0, 8
    for flags, axes in ((simple, 1), (sizes, 2)):
        assert ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(tensor), ctypes.byref(view), flags) == 0
        assert (view.ndim, view.len, bool(view.shape)) == (axes, 24, axes == 2)
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(view))


def test_standard_library_buffers():
    assert Tensor(array.array("f", [1, 2])).tolist() == [1, 2]
    assert Tensor(array.array("l", [1, 2])).tolist() == [1, 2]
    assert Tensor(memoryview(bytearray(b"ab"))).tolist() == [97, 98]
    assert Tensor((ctypes.c_double * 2)(1, 2)).tolist() == [1, 2]
    assert bytes(Tensor([1.0])) == np.float32(1).tobytes()
    view = memoryview(Tensor([[1, 2, 3]], dtype="float64"))
    assert (view.format, view.shape, view.strides, view.readonly) == ("d", (1, 3), (24, 8), True)
    with pytest.raises(TypeError, match="read-only"):
        view[0, 0] = 1.0
    with pytest.raises(TypeError):
        (ctypes.c_char * 8).from_buffer(Tensor([1, 2]))


def test_column_major_views_are_refused():
    testbuffer = pytest.importorskip("_testbuffer", reason="CPython's own test module is not installed")
    with pytest.raises(BufferError, match="row-major"):
        testbuffer.ndarray(Tensor([[1, 2], [3, 4]]), getbuf=testbuffer.PyBUF_F_CONTIGUOUS)
    plain = testbuffer.ndarray(Tensor([1, 2]), getbuf=testbuffer.PyBUF_SIMPLE)
    assert plain.nbytes == 8


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_jax_both_ways(shape, dtype):
    with jax.enable_x64(True):
        x = values(shape, dtype)
        ours = Tensor(jnp.asarray(x), dtype=dtype)
        theirs = jax.dlpack.from_dlpack(ours)
        assert theirs.dtype == dtype
        np.testing.assert_array_equal(np.asarray(theirs), x)


def test_jax_bfloat16():
    x = jnp.arange(-4, 4, dtype="bfloat16") / 3
    np.testing.assert_array_equal(np.asarray(Tensor(x)), np.asarray(x.astype("float32")))


def test_capsules_that_nobody_takes_free_their_share():
    t = Tensor.zeros(1 << 20, "float64")
    before = memory()
    for version in [None, (0, 8), (1, 0), (2, 3)]:
        for _ in range(200):
            t.__dlpack__(max_version=version, copy=True)  # 8 MB each: 1.6 GB if they leaked
    assert memory() - before < 200e6


def test_capsules_that_are_taken_free_their_share():
    t = Tensor.zeros(1 << 20, "float64")
    before = memory()
    for _ in range(200):
        np.from_dlpack(t, copy=True)
        Tensor(Strided(t.__dlpack__(copy=True)))
        Tensor(Strided(t.__dlpack__(copy=True, max_version=(1, 1))))
        memoryview(t.astype("float32"))
    assert memory() - before < 200e6


def memory():
    gc.collect()
    with open("/proc/self/statm") as status:
        return int(status.read().split()[1]) * 4096


def test_dlpack_arguments():
    t = Tensor([1.0])
    assert t.__dlpack_device__() == (1, 0)
    assert '"dltensor"' in repr(t.__dlpack__())
    assert '"dltensor"' in repr(t.__dlpack__(stream=None))
    assert '"dltensor_versioned"' in repr(t.__dlpack__(max_version=(1, 0), dl_device=(1, 0), copy=False))
    own = np.from_dlpack(t, copy=True)
    own[0] = 5
    assert t.tolist() == [1.0]
    with pytest.raises(ValueError, match="stream=None"):
        t.__dlpack__(stream=1)
    with pytest.raises(BufferError, match="dl_device"):
        t.__dlpack__(dl_device=(2, 0))
    with pytest.raises(TypeError):
        t.__dlpack__(max_version="new")
