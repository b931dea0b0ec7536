"""`syntonic-run analyse`: what a run's loss depends on, and what its weights look like."""

import json
from collections.abc import Sequence
from typing import Final

from rich.markup import escape
from rich.table import Table

from syntonic.runners.command.options import WIDE, Options, read
from syntonic.runners.config.errors import RequestError, printable
from syntonic.runners.own.loading import of_record
from syntonic.runners.run import listing
from syntonic.runners.run.analysis import LOW, RunAnalysis, analyse
from syntonic.runners.run.progress import Output

HELP: Final = """\
syntonic-run analyse [RUN]: how much the loss depends on each parameter of a trained model, and what its weights are as
operators. No gradient is computed: each parameter is moved along random directions, there and back.

  syntonic-run analyse                      the latest run
  syntonic-run analyse 20261122-0012        a run, by the first letters of its id
  syntonic-run analyse RUN --json           all of it as JSON, with every singular value and the energy of every mode

The run's folder keeps it as analysis.json, and `syntonic-run report` shows it.

  --examples 256      examples of the first batch that are looked at, at most
  --directions 16     moves of each parameter
  --step 0.01         length of a move

The table: S, the syntony; slope, the root mean square of the loss's slopes along the directions; curvature; agreement,
the share of directions in which the slope has the same sign on both sides (near 1/2 there is none); snap, what the loss
changes by when this parameter alone goes to the lattice; norm/phi, the largest singular value divided by phi; rank, the
effective rank of the possible one; low, the share of the energy in modes with |n|^2 up to 1."""

_SHOWN: Final = 5


def run(argv: Sequence[str]) -> int:
    """Prints the analysis and returns the exit code."""
    options = read("analyse", argv, values=["--examples", "--directions", "--step"], switches=["--json"], most=1)
    console = Output()
    folder = listing.find(options.names[0] if options.names else "last", console.warn)
    of_record(folder.record.uses, folder.path)
    found = analyse(
        folder,
        examples=int(_number(options, "--examples", 256)),
        directions=int(_number(options, "--directions", 16)),
        step=_number(options, "--step", 1e-2),
    )
    try:
        found.write(folder.path)
    except OSError as error:
        console.fail(f"{folder.path} does not take analysis.json: {error.strerror}; a report will not show it")
    if "--json" in options.flags:
        console.print(json.dumps(found.plain(), indent=1), markup=False, soft_wrap=True)
        return 0
    console.width = max(console.width, WIDE) if not console.is_terminal else console.width
    console.print(
        f"run {found.run} ({found.status}), generation {found.generation}: loss {found.loss:.6g} on {found.examples} "
        f"examples, {found.directions} directions of length {found.step:g}",
        markup=False,
        soft_wrap=True,
    )
    console.print(_table(found), soft_wrap=True)
    for parameter in found.parameters:
        if parameter.spectrum is not None:
            values = parameter.spectrum.singular_values
            more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
            shown = ", ".join(f"{value:.4g}" for value in values[:_SHOWN])
            console.print(
                printable(f"singular values of {parameter.name}: {shown}{more}"), markup=False, soft_wrap=True
            )
    return 0


def _table(found: RunAnalysis) -> Table:
    table = Table(box=None)
    for name in ("parameter", "shape"):
        table.add_column(name, overflow="fold")
    for name in ("S", "slope", "curvature", "agreement", "snap", "norm/phi", "rank", f"low (|n|^2 <= {LOW:g})"):
        table.add_column(name, justify="right")
    for parameter in found.parameters:
        moved, matrix = parameter.sensitivity, parameter.spectrum
        cells = [f"{parameter.syntony:.3f}", f"{moved.slope:.4g}", f"{moved.curvature:.4g}", f"{moved.agreement:.2f}"]
        cells.append(f"{moved.snap_change:.3g}")
        if matrix is None:
            cells += ["", "", ""]
        else:
            rank = f"{matrix.effective_rank:.1f} of {len(matrix.singular_values)}"
            cells += [f"{matrix.radius_over_phi:.3f}", rank, f"{parameter.low_energy:.3f}"]
        shape = "x".join(map(str, parameter.shape)) or "1"
        table.add_row(escape(printable(parameter.name)), shape, *cells)
    return table


def _number(options: Options, flag: str, default: float) -> float:
    given = options.flags.get(flag)
    if given is None:
        return default
    try:
        number = float(given)
        if flag != "--step" and number != int(number):
            raise ValueError(given)
    except (ValueError, OverflowError) as error:
        kind = "a number" if flag == "--step" else "a whole number"
        raise RequestError([f"analyse: {flag} {given}: expected {kind}, such as {default:g}"]) from error
    return number
