"""What a machine without a GPU says, and how devices are named."""

import pytest

from syntonic import _core
from syntonic.kernels import DeviceUnavailable, device_count, is_available, reason


def test_the_three_answers_agree():
    assert is_available() == (device_count() > 0) == (reason() == "")


@pytest.mark.skipif(is_available(), reason="there is a GPU")
def test_without_a_gpu_a_move_says_why():
    with pytest.raises(DeviceUnavailable, match="CUDA cannot be used: "):
        _core.Tensor([1.0]).to("cuda")
    with pytest.raises(DeviceUnavailable):
        _core.DeviceTensor.noise(0, 1, 1)


def test_names_of_devices():
    x = _core.Tensor([1.0])
    assert x.to("cpu") is x
    for name in ("gpu", "cuda:", "cuda:-1", "cuda:x", "cuda0", ""):
        with pytest.raises(ValueError, match="cuda:N"):
            x.to(name)


def test_memory_of_the_cpu_is_no_device_memory():
    with pytest.raises(ValueError, match="copy it to the GPU first"):
        _core.DeviceTensor.from_dlpack(_core.Tensor([1.0]))
    with pytest.raises(TypeError, match="__dlpack__"):
        _core.DeviceTensor.from_dlpack([1.0])


def test_the_exceptions_are_of_their_families():
    assert issubclass(_core.DeviceUnavailable, RuntimeError)
    assert issubclass(_core.DeviceError, RuntimeError)
    assert issubclass(_core.OutOfDeviceMemory, MemoryError)
