"""Small files of data for benchmarks that read a user's own: what a test adds to their arguments."""

import gzip
import math
import random
import struct
from pathlib import Path
from typing import Any

from PIL import Image


def arguments(benchmark: str, folder: Path) -> dict[str, Any]:
    """Writes the data that a benchmark needs into `folder` and returns the arguments that name it; none for others."""
    writer = WRITERS.get(benchmark)
    return {} if writer is None else writer(folder)


def table(folder: Path) -> dict[str, Any]:
    """Three clouds of the plane and a text, 300 rows."""
    source = random.Random(5)
    lines = ["x,y,colour,kind"]
    for row in range(300):
        kind = row % 3
        x, y = (f(math.tau * kind / 3) + source.gauss(0, 0.2) for f in (math.cos, math.sin))
        lines.append(f"{x:.5f},{y:.5f},{source.choice(['red', 'green'])},{'abc'[kind]}")
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return {"path": str(path), "target": "kind", "categories": "onehot"}


def images(folder: Path) -> dict[str, Any]:
    """Three classes of 6 x 6 pixels in grey, 40 each: a bright half, the other, or none."""
    source = random.Random(6)
    for row in range(120):
        kind = row % 3
        place = folder / "images" / "abc"[kind]
        place.mkdir(parents=True, exist_ok=True)
        Image.frombytes("L", (6, 6), picture(source, kind, 6)).save(place / f"{row}.png")
    return {"path": str(folder / "images"), "test": 0.2}


def fashion_mnist(folder: Path) -> dict[str, Any]:
    """Ten classes of 6 x 6 pixels, 200 for training and 100 for the test, as IDX files."""
    source = random.Random(7)
    for prefix, rows in (("train", 200), ("t10k", 100)):
        pixels = b"".join(picture(source, row % 10, 6) for row in range(rows))
        head = struct.pack(">4B3I", 0, 0, 8, 3, rows, 6, 6)
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + pixels))
        head = struct.pack(">4BI", 0, 0, 8, 1, rows)
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(head + bytes(row % 10 for row in range(rows)))
    return {"path": str(folder)}


def mnist5k(folder: Path) -> dict[str, Any]:
    """Ten classes of 28 x 28 pixels, 100 of them, as the package's file has them."""
    source = random.Random(8)
    lines = [",".join(map(str, [*picture(source, row % 10, 28), row % 10])) for row in range(100)]
    path = folder / "mnist_5k.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return {"path": str(path), "batch_size": 16}


def series(folder: Path) -> dict[str, Any]:
    """Two waves in noise, 200 rows."""
    source = random.Random(9)
    rows = [(math.sin(t / 3) + source.gauss(0, 0.05), math.cos(t / 3) + source.gauss(0, 0.05)) for t in range(200)]
    path = folder / "series.csv"
    path.write_text("wave,other\n" + "".join(f"{a:.5f},{b:.5f}\n" for a, b in rows))
    return {"path": str(path), "target": "wave", "length": 8}


def picture(source: random.Random, kind: int, side: int) -> bytes:
    """Noise, and a bright line that stands for the class."""
    pixels = [source.randrange(60) for _ in range(side * side)]
    for place in range(side):
        pixels[(kind % side) * side + place if kind < side else place * side + kind - side] = 250
    return bytes(pixels)


WRITERS = {"table": table, "images": images, "fashion_mnist": fashion_mnist, "mnist5k": mnist5k, "series": series}
