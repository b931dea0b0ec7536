"""`python -m syntonic` is `syntonic-run`, for where the command is not on PATH."""

import sys

from syntonic.runners.cli import main

if __name__ == "__main__":
    sys.exit(main())
