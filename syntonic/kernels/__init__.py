"""CUDA: which devices there are, tensors on them, and kernels compiled ahead of time (`python -m syntonic.kernels`)."""

from syntonic._core import DeviceError as DeviceError
from syntonic._core import DeviceTensor as DeviceTensor
from syntonic._core import DeviceUnavailable as DeviceUnavailable
from syntonic._core import OutOfDeviceMemory as OutOfDeviceMemory
from syntonic.kernels.devices import device_count as device_count
from syntonic.kernels.devices import is_available as is_available
from syntonic.kernels.devices import reason as reason
from syntonic.kernels.devices import synchronize as synchronize
from syntonic.kernels.images import ARCHITECTURES as ARCHITECTURES
from syntonic.kernels.images import Image as Image
from syntonic.kernels.images import compile_all as compile_all
