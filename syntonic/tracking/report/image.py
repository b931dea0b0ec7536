"""A picture of all weights on the lattice, as a PNG file; the dashboard shows them with a slider for the step.

A weight `a + b phi` is a dot whose column is its value, from -2 to 2, and whose row is its conjugate `a + b (1 - phi)`,
from -162 at the bottom to 162: how far it had to go on the lattice for that value. What lies outside is drawn on the
border. The brighter a dot, the more weights there are; its grey is a logarithm.
Source of the format: W3C, "Portable Network Graphics", 2003.
"""

import math
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

_REACH: Final = 100  # dots to each side of 0
_SIZE: Final = 2 * _REACH + 1
_VALUE: Final = 2.0  # at the right border
_CONJUGATE: Final = 162.0  # at the top, which coefficients up to 100 do not leave
_DOT: Final = 3  # pixels
_PHI: Final = (1 + math.sqrt(5)) / 2  # not from the core: a run's other process starts faster without it
_AXIS: Final = 24  # grey of the axes
_MOST: Final = 200_000  # weights that are looked at


def density(first: Sequence[int], second: Sequence[int]) -> bytes:
    """Returns the picture of weights with the coefficients `first` (a) and `second` (b), both of one length."""
    stride = max(1, len(first) // _MOST)
    first, second = first[::stride], second[::stride]
    across = _places([(a + b * _PHI) / _VALUE for a, b in zip(first, second, strict=True)])
    upward = _places([(a + b * (1 - _PHI)) / _CONJUGATE for a, b in zip(first, second, strict=True)])
    counts = Counter(zip(across, upward, strict=True))
    scale = 191 / math.log(max(counts.values(), default=1) + 1)
    grid = [bytearray(_SIZE) for _ in range(_SIZE)]
    for row in grid:
        row[_REACH] = _AXIS
    grid[_REACH] = bytearray([_AXIS]) * _SIZE
    for (x, y), count in counts.items():
        grid[_SIZE - 1 - y][x] = 64 + int(scale * math.log(count + 1))
    return _png([wide for row in grid for wide in [_widened(row)] * _DOT])


def _places(shares: Sequence[float]) -> list[int]:
    inside = [share if -1.0 < share < 1.0 else math.copysign(1.0, share) for share in shares]
    return [_REACH + round(_REACH * share) for share in inside]


def _widened(row: bytearray) -> bytes:
    wide = bytearray(_DOT * len(row))
    for start in range(_DOT):
        wide[start::_DOT] = row
    return bytes(wide)


def _png(rows: Sequence[bytes]) -> bytes:
    # Eight bits of grey; a zero before each row says that it is not filtered.
    header = struct.pack(">2I5B", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*each) for each in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
