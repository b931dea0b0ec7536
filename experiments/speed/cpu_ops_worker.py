"""The conversation between `cpu_ops.py` and one contestant: the number of a row and a dtype in, a JSON line out.

A contestant prepares a row when it is first asked for it, and forgets it when it is asked for the next.
"""

import json
import sys
import time

from cpu_ops_rows import ROWS, Build, data

BURST = 0.1
"""Seconds of one burst."""


def serve(build: Build) -> None:
    """Answers each line `row dtype` with the seconds of the fastest call in one burst, until the input ends."""
    print(json.dumps({"ready": True}), flush=True)
    current, call = "", None
    for line in sys.stdin:
        if call is None or line != current:
            number, dtype = line.split()
            row = ROWS[int(number)]
            call = None
            current, call = line, build(row.operation, data(row, dtype))
            call()
        best, end = float("inf"), time.perf_counter() + BURST
        while best == float("inf") or time.perf_counter() < end:
            start = time.perf_counter()
            call()
            best = min(best, time.perf_counter() - start)
        print(json.dumps({"seconds": best}), flush=True)
