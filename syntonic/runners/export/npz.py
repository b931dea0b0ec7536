"""Arrays as an NPZ file: a zip of NPY files, each a line about format and shape and the numbers behind it."""

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Final

from syntonic.tracking.arrays import Array

_CODES: Final = {"float32": "<f4", "float64": "<f8"}
_ALIGNMENT: Final = 64
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # the same arrays give the same bytes


def npz(arrays: Mapping[str, Array], texts: Mapping[str, str]) -> bytes:
    """Returns an NPZ file.

    Args:
        arrays: by name, float32 or float64.
        texts: by file name, besides; `numpy.load` returns them as bytes.
    """
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _LONG_AGO), npy(array))
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), text)
    return place.getvalue()


def npy(array: Array) -> bytes:
    """Returns one array as an NPY file, version 1.0."""
    sizes = "".join(f"{size}, " for size in array["shape"])
    header = f"{{'descr': '{_CODES[array['dtype']]}', 'fortran_order': False, 'shape': ({sizes}), }}"
    before = len(b"\x93NUMPY\x01\x00") + 2
    header += " " * (-(before + len(header) + 1) % _ALIGNMENT) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin1") + bytes(array["data"])
