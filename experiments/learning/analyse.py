"""Writes the table of `README.md` from `results.json`."""

import json
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"


def row(name: str, entry: dict[str, Any]) -> str:
    """One line: what the centre reached on the test data at the end, over seeds."""
    runs, trainer = entry["runs"], entry["config"]["trainer"]
    metric = next(iter(runs[0]["chance"]))
    last = sorted(run["reached"][-1][f"test_{metric}"] for run in runs)
    seconds = median(run["reached"][-1]["seconds"] for run in runs)
    marks = " ".join(
        f"{median(run['reached'][i][f'test_{metric}'] for run in runs):.3f}" for i in range(len(runs[0]["reached"]))
    )
    limit = runs[0]["ceiling"].get(metric)
    cells = [
        f"`{name}`",
        f"{runs[0]['parameters']:,}",
        f"{trainer['population_size']} x {trainer['max_generations']:,}",
        metric.replace("_", " "),
        f"{runs[0]['chance'][metric]:.3f}",
        "" if limit is None else f"{limit:.3f}",
        marks,
        f"**{median(last):.3f}** ({last[0]:.3f} to {last[-1]:.3f})",
        str(len(runs)),
        f"{seconds:,.0f} s",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Reads the results and replaces the table."""
    results = json.loads((HERE / "results.json").read_text())
    commits = sorted({run["commit"] for entry in results.values() for run in entry["runs"]})
    lines = [
        f"Commits {', '.join(commits)}.",
        "",
        "| sentence | weights | population x generations | metric | chance | ceiling | at each fifth "
        "| test, median (range) | seeds | training |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(row(name, entry) for name, entry in results.items()),
    ]
    readme = HERE / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
