"""Which device a run uses: the one place that knows what this build can reach."""

from typing import Final

from syntonic import _core
from syntonic.runners.faults import RequestError, did_you_mean

DEVICES: Final = ("auto", "cpu", "cuda")


def resolve(device: str) -> str:
    """Returns the device that `device` comes to on this machine: "cpu".

    Raises:
        RequestError: if there is no such device, or if it cannot be used here.
    """
    if device not in DEVICES:
        raise RequestError([f"device={device}: there is no such device{did_you_mean(device, DEVICES)}"])
    reason = cuda_unavailable()
    if device == "cuda" and reason:
        raise RequestError([f"device=cuda: {reason}; use device=cpu, or device=auto to take the best there is"])
    return "cpu" if reason else device.replace("auto", "cuda")


def cuda_unavailable() -> str:
    """Returns why a run cannot use CUDA, an empty string if it can."""
    return _core.cuda_reason() or "members are evaluated on the CPU only; the GPU has operations on DeviceTensor so far"
