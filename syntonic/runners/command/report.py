"""`syntonic-run report`: one HTML file that tells a run, or a whole sweep."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run import listing
from syntonic.runners.run.folder import home
from syntonic.runners.run.progress import Output
from syntonic.runners.sweep import folder as sweep_folder
from syntonic.runners.sweep import record
from syntonic.runners.sweep import report as sweep_report
from syntonic.tracking import report
from syntonic.tracking.spool import Spool, SpoolError

HELP: Final = """\
syntonic-run report [RUN|SWEEP]: writes one HTML file that needs nothing else: no network, no server, no script.

  syntonic-run report                      the latest run
  syntonic-run report 20261122-0012        a run, by the first letters of its id
  syntonic-run report SWEEP                a sweep, by its id (a folder in .syntonic/sweeps/)
  syntonic-run report RUN --out result.html

It shows the result, a curve of each metric, syntony per parameter, histograms of the lattice coefficients, settings,
and where the run comes from. Of a sweep: the best point by the sweep's own metric, every point, what each setting does,
the best runs' curves over one another, failures.
Each run and each sweep has its report already; this makes it anew, also while it is still going."""


def run(argv: Sequence[str]) -> int:
    """Writes the report, prints where, and returns the exit code."""
    options = read("report", argv, values=["--out"], most=1)
    wanted = options.names[0] if options.names else "last"
    root, console = home(), Output()
    try:
        sweeps = [path for path in (root / "sweeps").glob(f"{wanted}*")] if _plain(wanted) else []
        if len(sweeps) == 1:
            place, name = sweeps[0], sweep_report.FILE
            folder = sweep_folder.read(place)
            text = sweep_report.html(folder.facts.title, *record.load(folder, console.warn))
        else:
            place, name = listing.find(wanted, console.warn).path, "report.html"
            text = report.run_page(Spool(place))
    except SpoolError as error:
        raise RequestError([f"report: {error}"]) from error
    target = Path(options.flags.get("--out") or place / name)
    try:
        if "--out" not in options.flags and target.is_symlink():
            target.unlink()  # it may lead out of the run's folder
        target.write_text(text, encoding="utf-8", errors="replace")  # a name of a folder may be none in UTF-8
    except OSError as error:
        raise RequestError(
            [f"report: {target} cannot be written: {error.strerror}; name another with --out"]
        ) from error
    console.print(str(target), markup=False, soft_wrap=True)
    return 0


def _plain(wanted: str) -> bool:
    return wanted != "last" and wanted.replace("-", "").replace("_", "").isalnum()
