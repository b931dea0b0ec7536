"""Makes the calls of `numeric_corpus.txt`, one after the other, and prints what became of each."""

import sys
from pathlib import Path

import numeric_calls

if __name__ == "__main__":
    numeric_calls.start(int(sys.argv[1]))
    for line in Path(__file__).with_name("numeric_corpus.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            print(line, file=sys.stderr, flush=True)
            print(numeric_calls.run(line), flush=True)
            if not numeric_calls.well_meant():
                raise SystemExit(f"a call that is meant well fails after {line}")
