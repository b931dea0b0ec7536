"""Turns `results.json` into the tables of `README.md`, both beside this file.

uv run python experiments/first_light/analyse.py
"""

import json
import statistics
from pathlib import Path

HERE = Path(__file__).parent
MARKS = ("<!-- results -->", "<!-- end of results -->")


def xor_row(name: str, found: dict[str, list[int | None]]) -> str:
    """Returns one line: seeds solved, median and most generations, for each population."""
    cells = []
    for generations in found.values():
        solved = sorted(g for g in generations if g is not None)
        share = f"{len(solved)} of {len(generations)}"
        cells.append(f"{share}, median {statistics.median(solved):g}, most {solved[-1]}" if solved else share)
    return f"| {name} | {' | '.join(cells)} |"


def digits_row(name: str, accuracy: dict[str, list[float]]) -> str:
    """Returns one line: mean, lowest and highest test accuracy at each mark."""
    cells = [f"{statistics.mean(a):.4f} ({min(a):.4f} to {max(a):.4f})" for a in accuracy.values()]
    return f"| {name} | {' | '.join(cells)} |"


def tables(results: dict[str, dict[str, dict[str, list[float]]]], commit: str) -> str:
    """Returns both tables as markdown."""
    names = {name: name if name.startswith("evosax") else f"Syntonic, trainer={name}" for name in results}
    first = next(iter(results.values()))
    seeds = {task: len(next(iter(first[task].values()))) for task in ("xor", "digits")}
    columns = {
        "xor": [f"population {p}" for p in first["xor"]],
        "digits": [f"after {g} generations" for g in first["digits"]],
    }
    lines = [
        f"Commit {commit}.",
        "",
        f"XOR: generations until the centre solves all four points, {seeds['xor']} seeds.",
        "",
    ]
    lines += [f"| | {' | '.join(columns['xor'])} |", "|---|---|---|"]
    lines += [xor_row(names[name], result["xor"]) for name, result in results.items()]
    lines += ["", f"Digits: test accuracy of the centre, mean (lowest to highest) of {seeds['digits']} seeds.", ""]
    lines += [f"| | {' | '.join(columns['digits'])} |", "|---|---|---|"]
    lines += [digits_row(names[name], result["digits"]) for name, result in results.items()]
    return "\n".join(lines)


def main() -> None:
    """Writes the tables between the two marks of the README."""
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    measured = {name: value for name, value in results.items() if isinstance(value, dict)}
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    text = f"{MARKS[0]}\n{tables(measured, results['commit'])}\n{MARKS[1]}"
    readme.write_text(f"{before}{text}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
