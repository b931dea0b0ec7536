"""Memory: to the device and back, shared with PyTorch and CuPy, and what is said when there is not enough of it."""

import gc

import numpy as np
import pytest

from syntonic import _core
from syntonic.kernels import DeviceUnavailable, OutOfDeviceMemory, device_count, synchronize


@pytest.mark.parametrize("n", [1 << 18, 1 << 20, 3_000_001])
def test_large_copies_in_pieces(gpu, n):
    x, y = gpu.normal(n), gpu.normal(n)
    there, beside = gpu.up(x), gpu.up(y)
    np.testing.assert_array_equal(gpu.down(there), x)
    np.testing.assert_array_equal(gpu.down(beside), y)
    np.testing.assert_array_equal(gpu.down(there + beside), x + y)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 4), (2, 0, 5), (70, 1, 33)])
def test_there_and_back(gpu, shape):
    x = np.asarray(gpu.normal(*shape), gpu.dtype)
    t = gpu.up(x)
    assert (t.shape, t.dtype, t.device, t.size, t.ndim) == (shape, str(gpu.dtype), "cuda:0", x.size, x.ndim)
    back = t.cpu()
    assert (back.shape, back.dtype) == (shape, str(gpu.dtype))
    np.testing.assert_array_equal(np.array(back), x)
    np.testing.assert_array_equal(np.array(t.tolist()).reshape(shape), x)
    assert t.to("cuda:0") is t
    assert np.array(t.to("cpu")).shape == shape


def test_another_shape_is_the_same_memory(gpu):
    t = gpu.up(np.arange(12.0))
    r = t.reshape([3, 4])
    assert r.__cuda_array_interface__["data"] == t.__cuda_array_interface__["data"]
    with pytest.raises(ValueError, match="12 elements"):
        t.reshape([5])


def test_torch_reads_and_lends_without_a_copy(gpu):
    torch = pytest.importorskip("torch")
    t = gpu.up(np.arange(6.0).reshape(2, 3))
    theirs = torch.from_dlpack(t)
    assert theirs.data_ptr() == t.__cuda_array_interface__["data"][0]
    assert theirs.cpu().tolist() == [[0, 1, 2], [3, 4, 5]]
    x = torch.arange(10, dtype=theirs.dtype, device="cuda")
    ours = _core.DeviceTensor.from_dlpack(x)
    assert ours.__cuda_array_interface__["data"][0] == x.data_ptr()
    pointer = x.data_ptr()
    del x
    gc.collect()
    assert ours.__cuda_array_interface__["data"][0] == pointer
    assert (ours + 1.0).tolist() == list(range(1, 11))
    del t
    gc.collect()
    assert theirs.sum().item() == 15


def test_work_on_other_streams_is_waited_for(gpu):
    torch = pytest.importorskip("torch")
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        x = torch.zeros(1 << 24, device="cuda", dtype=torch.float32)
        for _ in range(20):
            x += 1
        ours = _core.DeviceTensor.from_dlpack(x)
    assert ours.max().tolist() == 20
    for _ in range(20):
        ours = ours + 1.0
    with torch.cuda.stream(side):
        theirs = torch.from_dlpack(ours)
        assert theirs.min().item() == 40


def test_cupy_reads_and_lends_without_a_copy(gpu):
    cupy = pytest.importorskip("cupy")
    t = gpu.up(np.arange(6.0).reshape(2, 3))
    theirs = cupy.asarray(t)
    assert theirs.data.ptr == t.__cuda_array_interface__["data"][0]
    assert cupy.asnumpy(theirs).tolist() == [[0, 1, 2], [3, 4, 5]]
    x = cupy.arange(5, dtype=gpu.dtype)
    ours = _core.DeviceTensor.from_dlpack(x)
    assert ours.__cuda_array_interface__["data"][0] == x.data.ptr
    assert ours.tolist() == [0, 1, 2, 3, 4]


def test_only_row_major_floats_are_taken(gpu):
    torch = pytest.importorskip("torch")
    x = torch.zeros(4, 5, device="cuda")
    with pytest.raises(ValueError, match="contiguous"):
        _core.DeviceTensor.from_dlpack(x.T)
    with pytest.raises(TypeError, match="floats"):
        _core.DeviceTensor.from_dlpack(x.half())


def test_out_of_memory_is_an_error_and_nothing_more(gpu):
    big = _core.DeviceTensor.mode_norms(1 << 20, dtype="float64")
    with pytest.raises(OutOfDeviceMemory, match="bytes do not fit"):
        _core.DeviceTensor.mode_norms(1 << 42, dtype="float64")
    with pytest.raises(MemoryError):
        _core.DeviceTensor.noise(0, 1 << 20, 1 << 20, dtype=str(gpu.dtype))
    assert big.max().tolist() == ((1 << 20) - 1) ** 2
    synchronize()


def test_a_device_past_the_last_one():
    with pytest.raises(DeviceUnavailable, match=f"the last of {device_count()} is"):
        _core.Tensor([1.0]).to(f"cuda:{device_count()}")
