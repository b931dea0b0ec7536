"""Compiled kernels: which there are, for which cards, and their images on disk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syntonic import _core

_ELF: Final = b"\x7fELF"
ARCHITECTURES: Final = ("sm_75", "sm_80", "sm_86", "sm_90")
DOCUMENTED: Final = {"winding_ops": ("winding",), "conv_ops": ("convolution", "pooling")}
"""Names of the documents, with the units that have their kernels now."""
DTYPES: Final = {"float32": "f32", "float64": "f64"}


@dataclass(frozen=True)
class Image:
    """One kernel unit, compiled for one card and one number format.

    Attributes:
        kernel: name of the unit, the file `<kernel>.cu` of `rust_core/kernels` or its folder `classic`.
        arch: the card, such as "sm_90".
        dtype: "float32" or "float64".
        data: a cubin, or PTX if it was asked for, or if the card is newer than the compiler.
    """

    kernel: str
    arch: str
    dtype: str
    data: bytes

    @property
    def filename(self) -> str:
        """What the file is called: `<kernel>_<f32|f64>_<arch>.cubin`, or `.ptx`."""
        return f"{self.kernel}_{DTYPES[self.dtype]}_{self.arch}.{'cubin' if self.data.startswith(_ELF) else 'ptx'}"

    def save(self, folder: Path) -> Path:
        """Writes the image into `folder`, which is made where it is missing, and returns the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.filename
        path.write_bytes(self.data)
        return path


def number_of(arch: str) -> int:
    """Returns 90 for "sm_90".

    Raises:
        ValueError: if `arch` is not written like "sm_90".
    """
    digits = arch.removeprefix("sm_")
    if digits == arch or not digits.isdecimal():
        raise ValueError(f"expected an architecture such as sm_90, got {arch!r}; try one of {', '.join(ARCHITECTURES)}")
    return int(digits)


def compile_all(
    kernels: Iterable[str] = (), architectures: Iterable[str] = (), *, ptx: bool = False
) -> Iterator[Image]:
    """Compiles kernels with NVRTC, one after another; no GPU is needed.

    Args:
        kernels: names of units, or those of the documents; all units where none is given.
        architectures: cards such as "sm_90"; `ARCHITECTURES` where none is given.
        ptx: whether to make PTX in place of cubins.

    Raises:
        ValueError: an unknown kernel or architecture.
        DeviceUnavailable: NVRTC is not installed.
    """
    units = [unit for name in kernels for unit in DOCUMENTED.get(name, (name,))] or _core.cuda_kernels()
    cards = [(arch, number_of(arch)) for arch in tuple(architectures) or ARCHITECTURES]
    for arch, number in cards:
        for kernel in dict.fromkeys(units):
            for dtype in DTYPES:
                yield Image(kernel, arch, dtype, _core.cuda_compile(kernel, number, dtype, ptx=ptx))
