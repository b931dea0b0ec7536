"""A sweep: Hydra's own sweeper and launcher decide what runs where; every point is checked before the first starts."""

from collections.abc import Iterable, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from omegaconf import DictConfig
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from syntonic.runners import schema
from syntonic.runners.compose import compose_point, plain
from syntonic.runners.faults import RequestError
from syntonic.runners.progress import Output
from syntonic.runners.start import start
from syntonic.tracking.base import Status


def sweep(loader: ConfigLoader, name: str, words: list[str], points: list[list[str]], console: Console) -> int:
    """Runs every point and returns the exit code: 0 if all finished, 1 if one did not, 128 + n after signal n.

    Args:
        loader: Hydra, opened.
        name: the sentence.
        words: the overrides as typed, ranges among them.
        points: what they come to with the grid sweeper.
        console: where progress goes.

    Raises:
        RequestError: naming the faults of all points; nothing was started then.
    """
    faults: list[str] = []
    for point in points:
        try:
            schema.check(compose_point(loader, name, point))
        except RequestError as error:
            faults += error.faults
    if faults:
        raise RequestError(faults)
    console.print(f"a sweep of {len(points)} runs", markup=False)
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None  # `loader` is its part
    try:
        returned = hydra.multirun(name, run_point, [*words, "hydra.mode=MULTIRUN"], with_log_configuration=False)
    except SystemExit as error:
        console.print("the sweep was stopped with its run; `syntonic-run resume=last` goes on with that run")
        return int(error.code or 1)
    rows = list(_rows(returned))
    _show(console, rows)
    return int(any(row["status"] != Status.FINISHED for row in rows))


def run_point(config: DictConfig) -> dict[str, Any]:
    """Runs one point; called by Hydra's launcher, in whatever process it chooses.

    Returns:
        The point's row of the table, plain data, so that it passes between processes: what was set, the status, the
        results, and the reason if there are none.
    """
    console = Output()
    about = HydraConfig.get()
    overrides = list(about.overrides.task)
    console.print(f"\nrun {about.job.num}: {' '.join(overrides)}", markup=False, soft_wrap=True)
    row: dict[str, Any] = {"set": overrides, "results": {}, "reason": ""}
    try:
        checked = schema.check(plain(config, about.runtime.choices))
        outcome = start(checked, str(about.job.config_name), overrides, console)
    except RequestError as error:
        console.print(error.report(), markup=False, soft_wrap=True)
        return {**row, "status": "REFUSED", "reason": error.faults[0]}
    if outcome.status is Status.KILLED:
        raise SystemExit(outcome.exit_code)
    return {**row, "status": outcome.status.value, "results": dict(outcome.results), "reason": outcome.reason}


def _rows(returned: JobReturn | Sequence[JobReturn | Sequence[JobReturn]]) -> Iterable[dict[str, Any]]:
    # Sweepers return their jobs in lists, one per batch.
    if isinstance(returned, Sequence):
        for part in returned:
            yield from _rows(part)
    else:
        yield returned.return_value


def _show(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    # What all runs have in common is said once; a column for each tested metric.
    common = [word for word in rows[0]["set"] if all(word in row["set"] for row in rows)] if len(rows) > 1 else []
    metrics = list(dict.fromkeys(key for row in rows for key in row["results"] if key.startswith("test_")))
    table = Table(box=None)
    for heading in ("run", "status", *metrics, ""):
        table.add_column(heading, justify="right" if heading in metrics else "left", no_wrap=heading != "")
    for row in rows:
        words = " ".join(word for word in row["set"] if word not in common)
        cells = [f"{row['results'][key]:.4f}" if key in row["results"] else "" for key in metrics]
        table.add_row(escape(words), row["status"], *cells, escape(row["reason"]))
    console.print(f"\n{len(rows)} runs {' '.join(common)}".rstrip(), markup=False, soft_wrap=True)
    console.print(table)
