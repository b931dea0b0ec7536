"""NVIDIA's GPUs as the driver's own library knows them: names, load, memory, power. It comes with every driver.

Source: NVIDIA, "NVML API Reference Guide", functions `nvmlDevice*` and `nvmlSystem*`.
"""

import contextlib
import ctypes
from collections.abc import Mapping
from typing import Any, Final

_LIBRARY: Final = "libnvidia-ml.so.1"
_LONGEST: Final = 96  # bytes of a name


class _Load(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))  # percent of the time


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))  # bytes


class Gpus:
    """The GPUs of this machine.

    Args:
        library: NVML, initialized.
    """

    def __init__(self, library: Any) -> None:  # noqa: ANN401 (its functions are found by their names)
        self._library = library
        count = ctypes.c_uint()
        self._ask("nvmlDeviceGetCount_v2", ctypes.byref(count))
        self._handles = []
        for index in range(count.value):
            handle = ctypes.c_void_p()
            if self._ask("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle)):
                self._handles.append((index, handle))

    def tags(self) -> dict[str, str]:
        """Returns what a reader of a run asks: `gpu`, their names, and `gpu.driver`, its version and CUDA's."""
        names = [self._text("nvmlDeviceGetName", handle) for _, handle in self._handles]
        if not names:
            return {}
        counted = [f"{names.count(name)} x {name}" if names.count(name) > 1 else name for name in dict.fromkeys(names)]
        cuda = ctypes.c_int()
        known = self._ask("nvmlSystemGetCudaDriverVersion_v2", ctypes.byref(cuda))
        with_cuda = f", CUDA {cuda.value // 1000}.{cuda.value % 1000 // 10}" if known else ""
        return {"gpu": ", ".join(counted), "gpu.driver": self._text("nvmlSystemGetDriverVersion") + with_cuda}

    def sample(self) -> Mapping[str, float]:
        """Returns how busy they are, by the names that MLflow gives it; what a GPU does not tell is left out."""
        found: dict[str, float] = {}
        for index, handle in self._handles:
            load, memory, power = _Load(), _Memory(), ctypes.c_uint()
            if self._ask("nvmlDeviceGetUtilizationRates", handle, ctypes.byref(load)):
                found[f"gpu_{index}_utilization_percentage"] = float(load.gpu)
            if self._ask("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory)):
                found[f"gpu_{index}_memory_usage_megabytes"] = memory.used / 1e6
                found[f"gpu_{index}_memory_usage_percentage"] = 100 * memory.used / max(1, memory.total)
            if self._ask("nvmlDeviceGetPowerUsage", handle, ctypes.byref(power)):
                found[f"gpu_{index}_power_usage_watts"] = power.value / 1000
        return found

    def _ask(self, function: str, *given: object) -> bool:
        # An old driver may not have a function, and a GPU may not support one.
        asked = getattr(self._library, function, None)
        return asked is not None and asked(*given) == 0

    def _text(self, function: str, *given: object) -> str:
        buffer = ctypes.create_string_buffer(_LONGEST)
        self._ask(function, *given, buffer, ctypes.c_uint(_LONGEST))
        return buffer.value.decode(errors="replace")


def gpus() -> Gpus | None:
    """Returns the GPUs of this machine, None if it has no driver."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(_LIBRARY)
        if library.nvmlInit_v2() == 0:
            return Gpus(library)
    return None
