"""The process of one place of the `local` launcher: a spec per line comes in, a result per line goes out."""

import json
import os
import sys


def main() -> None:
    """Works until there is nothing more to read."""
    answers = os.fdopen(os.dup(1), "w")
    # Nothing but results may come out; what is printed between two runs goes where errors go.
    os.dup2(2, 1)
    from syntonic.runners.launchers.job import execute_away

    for line in sys.stdin:
        print(json.dumps(execute_away(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
