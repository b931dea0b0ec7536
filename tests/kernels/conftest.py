"""What the tests of kernels share: whether this machine can compile them."""

import pytest

from syntonic import _core
from syntonic.kernels import DeviceUnavailable


@pytest.fixture(scope="session")
def nvrtc():
    try:
        _core.cuda_compile("pooling", 90)
    except DeviceUnavailable as error:
        pytest.skip(str(error))
