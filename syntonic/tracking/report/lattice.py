"""Histograms of lattice coefficients: how the weights `a + b phi` of a kept model lie on the lattice."""

import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syntonic.tracking.arrays import unpack
from syntonic.tracking.checkpoint import CheckpointError, content
from syntonic.tracking.report import bars, image

_BARS: Final = 41
_LAYERS: Final = 12  # parameters that are drawn one by one


def histograms(parameters: Path) -> Iterator[str]:
    """Yields a chart of all coefficients `a`, of all `b`, and one for each of the first parameters.

    Args:
        parameters: a safetensors file; crystallized arrays are int64 of shape (2, ...), all `a` before all `b`.
    """
    try:
        arrays = unpack(content(parameters)) if parameters.is_file() else {}
    except (CheckpointError, ValueError):
        return
    pairs = {}
    for name, stored in arrays.items():
        if stored["dtype"] == "int64" and stored["shape"][:1] == [2] and stored["data"]:
            numbers = _numbers(stored["data"])
            pairs[name] = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
    if not pairs:
        return
    for which, letter in enumerate("ab"):
        counts: Counter[int] = Counter()
        for pair in pairs.values():
            counts.update(pair[which])
        yield _chart(f"all weights: coefficient {letter}", counts)
    for name, (first, second) in list(pairs.items())[:_LAYERS]:
        yield _chart(f"{name}: a and b", Counter(first) + Counter(second))


def pictures(state: Path) -> tuple[str, bytes] | None:
    """Returns the histogram of a checkpoint's coefficients as an SVG file, and its weights as a PNG file.

    Args:
        state: the checkpoint's safetensors file, with the arrays `lattice_a` and `lattice_b`.
    """
    try:
        arrays = unpack(content(state))
    except (CheckpointError, ValueError):
        return None
    stored = [arrays.get(name, {}) for name in ("lattice_a", "lattice_b")]
    if any(one.get("dtype") != "int64" or not one.get("data") for one in stored):
        return None
    first, second = (_numbers(one["data"]) for one in stored)
    if len(first) != len(second):
        return None
    counts = Counter(first) + Counter(second)
    return bars.file(_chart("lattice coefficients a and b", counts)), image.density(first, second)


def _numbers(data: bytes) -> "array[int]":
    numbers = array("q")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _chart(caption: str, counts: Counter[int]) -> str:
    low, high = min(counts), max(counts)
    width = max(1, -(-(high - low + 1) // _BARS))  # rounded up
    heights: Counter[int] = Counter()
    for value, count in counts.items():
        heights[(value - low) // width] += count
    drawn = {low + index * width: float(heights[index]) for index in range((high - low) // width + 1)}
    note = f"{sum(counts.values())} numbers from {low} to {high}, {counts[0]} are 0"
    return bars.histogram(caption, drawn, width, "coefficient", note)
