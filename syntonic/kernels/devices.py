"""Which CUDA devices there are."""

from typing import Final

from syntonic import _core

is_available: Final = _core.cuda_is_available
reason: Final = _core.cuda_reason
device_count: Final = _core.cuda_device_count
synchronize: Final = _core.cuda_synchronize
