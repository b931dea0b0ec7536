"""Small files of data for benchmarks that read a user's own: what a test adds to their arguments."""

import math
import random
from pathlib import Path
from typing import Any


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


WRITERS = {"table": table}
