"""The conversation between `first_light.py` and one contestant's process: a line in, one timed burst, a JSON line out.

Every contestant stays alive and warm for the whole study, and only one of them works at a time.
"""

import json
import resource
import sys
import time
from collections.abc import Callable


def serve(burst: Callable[[int], None], generations: int, population: int) -> None:
    """Warms up once, then times `burst(generations)` each time a line arrives, until the input ends.

    The answer holds generations per second, evaluations per second, and the process's peak memory in MB (10^6 bytes).
    """
    burst(generations)
    print(json.dumps({"ready": True}), flush=True)
    for _line in sys.stdin:
        start = time.perf_counter()
        burst(generations)
        rate = generations / (time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        answer = {"generations_per_second": rate, "evaluations_per_second": rate * population, "peak_rss_mb": peak}
        print(json.dumps(answer), flush=True)
