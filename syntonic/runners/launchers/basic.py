"""One run after another, in this process."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.launchers.base import Stopped
from syntonic.runners.launchers.job import execute
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec


@register("launcher", "basic")
class Basic:
    """Carries out one run after another, with the output of each on the terminal.

    Args:
        parallel: how many runs were asked for side by side; more than one is the business of other launchers.
    """

    def __init__(self, parallel: int | None) -> None:
        self.places = 1
        self.away = False

    def run(
        self, specs: Sequence[RunSpec], folder: SweepFolder, console: Console, stopped: Stopped
    ) -> Iterator[RunResult]:
        """Yields a result after each run."""
        for spec in specs:
            if stopped():
                return
            console.print(f"\nrun {spec.number}: {spec.sweep['point']}", markup=False, soft_wrap=True)
            yield execute(spec, console)
