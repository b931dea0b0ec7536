"""`syntonic-run` with the fakes registered, for tests that need a process of their own."""

import sys

import runner_fakes  # noqa: F401  (registers itself)

from syntonic.runners.cli import main

if __name__ == "__main__":
    sys.exit(main())
