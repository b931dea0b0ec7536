"""Which device a run uses: the one place that knows what this build can reach."""

import re
from typing import Final

from syntonic import _core
from syntonic.runners.config.errors import RequestError, did_you_mean

DEVICES: Final = ("auto", "cpu", "cuda")
_GPU: Final = ("gpu", "cuda", "nvidia", "rocm", "mps", "xpu", "card")  # what people call one


def resolve(device: str) -> str:
    """Returns the device that `device` comes to on this machine: "cpu", "cuda" or "cuda:N".

    "auto" is the CPU: it runs every model, and small ones faster.

    Raises:
        RequestError: if there is no such device, or if it cannot be used here.
    """
    if device in ("auto", "cpu"):
        return "cpu"
    number = re.fullmatch(r"cuda(?::(\d+))?", device)
    if number is None:
        name, colon, index = device.lower().partition(":")
        hint = f"; did you mean 'cuda{colon}{index}'?" if name in _GPU else did_you_mean(device, DEVICES)
        raise RequestError([f"device={device}: there is no such device{hint}"])
    reason = _core.cuda_reason()
    if reason:
        raise RequestError([f"device={device}: {reason}; use device=cpu"])
    count = _core.cuda_device_count()
    if int(number[1] or 0) >= count:
        raise RequestError([f"device={device}: the last device of this machine is cuda:{count - 1}"])
    return device
