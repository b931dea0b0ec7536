"""Writes the table of `README.md` from `results/`."""

import json
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from syntonic.core import registry

HERE = Path(__file__).parent
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"


def standards(run: dict[str, Any]) -> Any:
    """Returns the benchmark of a run, which computes what its result is held against."""
    section = {key: value for key, value in run["config"]["benchmark"].items() if key != "name"}
    return registry.lookup("benchmark", run["config"]["benchmark"]["name"])(run["seed"], **section)


def row(name: str, runs: list[dict[str, Any]]) -> str:
    """One line: what the centre reached on the test data at the end, over seeds."""
    trainer = runs[0]["config"]["trainer"]
    metric = next(iter(runs[0]["chance"]))
    last = sorted(run["reached"][-1][f"test_{metric}"] for run in runs)
    seconds = max(run["reached"][-1]["seconds"] for run in runs)
    marks = " ".join(
        f"{median(run['reached'][i][f'test_{metric}'] for run in runs):.3f}" for i in range(len(runs[0]["reached"]))
    )
    benchmark = standards(runs[0])
    known = [getattr(benchmark, kind).get(metric) for kind in ("chance", "baseline", "ceiling")]
    cells = [
        f"`{name}`",
        f"{runs[0]['parameters']:,}",
        f"{trainer['population_size']} x {trainer['max_generations']:,}",
        metric.replace("_", " "),
        *("" if number is None else f"{number:.3f}" for number in known),
        f"{benchmark.cases.distinct:,} ({benchmark.cases.unseen:,})",
        marks,
        f"**{median(last):.3f}** ({last[0]:.3f} to {last[-1]:.3f})",
        str(len(runs)),
        f"{seconds:,.0f} s",
    ]
    return "| " + " | ".join(cells) + " |"


def by_gradients() -> list[str]:
    """The lines of what `gradients.py` has found."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((HERE / "results_gradients").glob("*.json")):
        run = json.loads(path.read_text())
        found[run["config"], run["batch"]].append(run)
    lines = [
        "",
        "By gradients, the same model from the same first weights on the same batches:",
        "",
        "| config | batch | steps of Adam | train, median | test, median (range) | seeds | seconds, at most |",
        "|---|---|---|---|---|---|---|",
    ]
    for (variant, batch), runs in found.items():
        train, test = (sorted(run["reached"][f"{part}_accuracy"] for run in runs) for part in ("train", "test"))
        seconds = max(run["seconds"] for run in runs)
        spread = f"**{median(test):.3f}** ({test[0]:.3f} to {test[-1]:.3f})"
        cells = [f"`transformer_{variant}`", batch, f"{runs[0]['steps']:,}", f"{median(train):.3f}", spread]
        lines.append("| " + " | ".join(map(str, [*cells, len(runs), f"{seconds:.0f}"])) + " |")
    return lines


def main() -> None:
    """Reads the results and replaces the table."""
    results: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((HERE / "results").glob("*.json")):
        run = json.loads(path.read_text())
        results[run["name"]].append(run)
    runs = [run for entry in results.values() for run in entry]
    commits, processors = (sorted({run[key] for run in runs}) for key in ("commit", "processor"))
    lines = [
        f"Commits {', '.join(commits)}; {'; '.join(processors)}.",
        "",
        "| config | weights | population x generations | metric | chance | baseline | ceiling | test cases (unseen) "
        "| at each fifth | test, median (range) | seeds | training, at most |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(row(name, entry) for name, entry in sorted(results.items())),
        *by_gradients(),
    ]
    readme = HERE / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
