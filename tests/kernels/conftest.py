"""What the tests of kernels share: whether this machine can compile them."""

import sys
from pathlib import Path

import pytest

from syntonic import _core
from syntonic.kernels import DeviceUnavailable

sys.path.insert(0, str(Path(__file__).parent))  # what the tests of this folder share


@pytest.fixture(scope="session")
def nvrtc():
    try:
        _core.cuda_compile("pooling", 90)
    except DeviceUnavailable as error:
        pytest.skip(str(error))
