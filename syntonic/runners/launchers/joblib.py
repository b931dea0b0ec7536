"""Runs side by side in joblib's pool of processes (loky), for those who have it set up already."""

import os
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from annotated_types import Ge
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.launchers.base import Stopped, shared_out, with_threads
from syntonic.runners.launchers.futures import rows
from syntonic.runners.launchers.job import execute_away
from syntonic.runners.sweeps.folder import SweepFolder
from syntonic.runners.sweeps.rows import Row, Spec


@register("launcher", "joblib")
class Joblib:
    """Carries out runs in joblib's reusable pool.

    Args:
        parallel: processes; None: two.
        threads: of each run; None: the cores, shared out.
    """

    away: Final = True

    def __init__(self, parallel: int | None, *, threads: Annotated[int, Ge(1)] | None = None) -> None:
        self.places: Final = parallel or min(2, os.cpu_count() or 1)
        self._threads = threads or shared_out(self.places)

    def run(self, specs: Sequence[Spec], folder: SweepFolder, console: Console, stopped: Stopped) -> Iterator[Row]:
        """Yields rows as runs end."""
        from joblib.externals.loky import get_reusable_executor

        pool = get_reusable_executor(max_workers=min(self.places, len(specs)), timeout=30)
        try:
            futures = {pool.submit(execute_away, with_threads(spec, self._threads)): spec.number for spec in specs}
            yield from rows(futures, folder, stopped)
        finally:
            pool.shutdown(wait=True, kill_workers=True)
