"""Arrays as safetensors bytes and back, without NumPy.

An array is `{"dtype": "int64", "shape": [2, 3], "data": <little-endian bytes, row-major>}`. The writer is ours, because
the package's own takes raw memory addresses since 0.8; the reader is the package's, which checks every offset.
"""

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, Final

import safetensors

Array = dict[str, Any]

_CODES: Final = {
    "bool": ("BOOL", 1),
    "uint8": ("U8", 1),
    "int8": ("I8", 1),
    "uint16": ("U16", 2),
    "int16": ("I16", 2),
    "float16": ("F16", 2),
    "uint32": ("U32", 4),
    "int32": ("I32", 4),
    "float32": ("F32", 4),
    "uint64": ("U64", 8),
    "int64": ("I64", 8),
    "float64": ("F64", 8),
}
_NAMES: Final = {code: name for name, (code, _) in _CODES.items()}
_ALIGNMENT: Final = 8


def pack(arrays: Mapping[str, Array], texts: Mapping[str, str] | None = None) -> bytes:
    """Returns the safetensors file of `arrays`; equal arrays give equal bytes.

    Args:
        arrays: by name.
        texts: what the file says of itself, by name.

    Raises:
        ValueError: if an array's data does not have the length that its shape and dtype ask for.
    """
    # Wide types come first, so that every array is aligned.
    names = sorted(arrays, key=lambda name: (-_width(arrays[name]), name))
    header: dict[str, Any] = {"__metadata__": dict(texts)} if texts else {}
    end = 0
    for name in names:
        array = arrays[name]
        start, end = end, end + len(array["data"])
        expected = math.prod(array["shape"]) * _width(array)
        if end - start != expected:
            raise ValueError(f"array {name!r} has {end - start} bytes; its shape and dtype ask for {expected}")
        code = _CODES[array["dtype"]][0]
        header[name] = {"dtype": code, "shape": list(array["shape"]), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join([struct.pack("<Q", len(text)), text, *(bytes(arrays[name]["data"]) for name in names)])


def unpack(content: bytes) -> dict[str, Array]:
    """Returns the arrays of a safetensors file.

    Raises:
        ValueError: if `content` is no such file.
    """
    try:
        entries = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise ValueError(f"is no safetensors file ({error})") from error
    if unknown := {entry["dtype"] for _, entry in entries} - _NAMES.keys():
        raise ValueError(f"holds arrays of dtype {', '.join(sorted(unknown))}; known: {', '.join(_NAMES)}")
    return {
        name: {"dtype": _NAMES[entry["dtype"]], "shape": list(entry["shape"]), "data": bytes(entry["data"])}
        for name, entry in entries
    }


def _width(array: Array) -> int:
    if array["dtype"] not in _CODES:
        raise ValueError(f"dtype {array['dtype']!r} cannot be stored; known: {', '.join(_CODES)}")
    return _CODES[array["dtype"]][1]
