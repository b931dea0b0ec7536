"""Exact arithmetic on one thread: snaps and products on the golden lattice, and a scalar product from Python.

    uv run python experiments/speed/exact_ops.py

Needs cargo: all but the last row is measured by `rust_core/classic/examples/exact_speed.rs`, without calls of Python.
The fastest of many passes over 4096 numbers counts, or of many loops over a product. Writes a table in `README.md`.
"""

import argparse
import subprocess
import timeit
from typing import Final

from contestants import HERE
from cpu_ops import write_readme
from first_light import machine

from syntonic._core import GoldenExact

MARKS: Final = ("<!-- exact -->", "<!-- end of exact -->")
ROWS: Final = {
    "snap_scalar_100": ("snap of one number, coefficients to 100", 60.0),
    "snap_scalar_1000000": ("snap of one number, coefficients to 10^6", 200.0),
    "snap_array_100": ("snap of an array, coefficients to 100, an element", 10.0),
    "snap_array_1000": ("snap of an array, coefficients to 1000, an element", 10.0),
    "lattice_multiply": ("checked product of lattice arrays, an element", 1.5),
    "python_multiply": ("product of two GoldenExact from Python", 200.0),
}
"""What is measured, and the nanoseconds that are aimed at."""
LOOPS: Final = 200_000


def rust() -> dict[str, float]:
    """Returns the nanoseconds that the Rust example prints."""
    command = ["cargo", "run", "--release", "--quiet", "-p", "syntonic-classic", "--example", "exact_speed"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout
    return {name: float(value) for name, value in (line.split() for line in printed.splitlines())}


def python() -> float:
    """Returns the nanoseconds of one product of two exact numbers, the loop around it taken off."""
    x, y = GoldenExact.from_integers(355, -113), GoldenExact.from_integers(-87, 144)
    product = min(timeit.repeat("x * y", globals={"x": x, "y": y}, number=LOOPS, repeat=15))
    empty = min(timeit.repeat("x", globals={"x": x}, number=LOOPS, repeat=15))
    return (product - empty) / LOOPS * 1e9


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry", action="store_true", help="print the table only")
    args = parser.parse_args()
    found = {**rust(), "python_multiply": python()}
    about = machine()
    lines = [
        f"{about['cpu']}, one thread, Python {about['python']}, commit {about['commit']}.",
        "",
        "| operation | nanoseconds | aimed at |",
        "|---|---:|---:|",
        *(f"| {text} | {found[name]:.3g} | {bar:g} |" for name, (text, bar) in ROWS.items()),
    ]
    text = "\n".join(lines)
    if not args.dry:
        write_readme(text, HERE / "README.md", MARKS)
    print(text)


if __name__ == "__main__":
    main()
