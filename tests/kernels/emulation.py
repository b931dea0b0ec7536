"""Units of kernels compiled for the CPU by `block_emulator.h`, and the memory that they are run on."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import syntonic

KERNELS = Path(syntonic.__file__).parent.parent / "rust_core" / "kernels"
EMULATOR = Path(__file__).parent / "block_emulator.h"
F32, F64 = np.dtype(np.float32), np.dtype(np.float64)


class Emulated:
    """One unit of kernels, compiled for the CPU."""

    def __init__(self, folder, unit, kernels, headers=(), defines=()):
        compiler = shutil.which("g++")
        if compiler is None or not KERNELS.exists():
            pytest.skip("no g++, or no kernel sources beside the installed package")
        sources = [EMULATOR.read_text()]
        sources += [(KERNELS / name).read_text() for name in ("constants.cuh", "common.cuh", *headers, f"{unit}.cu")]
        doors = [
            f'extern "C" void run_{name}(Dim* shape, void** p, long long* n, double* d) {{'
            f" launch(shape[0], shape[1], [=] {{ ENTRY({name})({arguments}); }}); }}"
            for name, arguments in kernels.items()
        ]
        text = "\n".join([*sources, *doors]).replace("__shared__ alignas(16) real", "alignas(16) __shared__ real")
        text = text.replace("extern __shared__ Pack memory[]", "static Pack memory[4096]")
        source, library = (folder / f"{Path(unit).name}.{end}" for end in ("cpp", "so"))
        source.write_text(text)
        # -fno-gnu-unique: shared memory of the same kernel, compiled twice, is not the same variable.
        flags = [
            "-fno-gnu-unique",
            "-std=c++20",
            "-O1",
            "-w",
            "-pthread",
            "-shared",
            "-fPIC",
            "-DSYNTONIC_F64=0",
            "-DSYNTONIC_ARCH=75",
        ]
        subprocess.run([compiler, *flags, *(f"-D{d}" for d in defines), source, "-o", library], check=True)
        self.library = ctypes.CDLL(str(library))

    def run(self, name, grid, threads, tensors, sizes=(), numbers=()):
        shape = (ctypes.c_uint * 6)(*grid, 1, *threads, 1)
        pointers = (ctypes.c_void_p * len(tensors))(*(t if t is None else t.ctypes.data for t in tensors))
        getattr(self.library, f"run_{name}")(
            shape,
            pointers,
            (ctypes.c_longlong * len(sizes))(*sizes),
            (ctypes.c_double * max(len(numbers), 1))(*numbers),
        )


def aligned(values, dtype=F32):
    """A copy of `values` that begins at a multiple of 16 bytes."""
    values = np.asarray(values)
    room = np.empty(values.size * dtype.itemsize + 16, np.uint8)
    start = -room.ctypes.data % 16
    copy = room[start : start + values.size * dtype.itemsize].view(dtype).reshape(values.shape)
    copy[...] = values
    return copy
