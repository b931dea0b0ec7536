"""Lets every room of the tests import what several of them share: `engines.py`, `waiting.py`, `repository_copy.py`."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

if find_spec("jax") is None and "UV" in os.environ:
    # A run needs a quarter of what tests compare it with: `uv run pytest` fetches the rest here, once.
    print("the group dev is installed, for the tests", flush=True)
    os.execv(os.environ["UV"], ["uv", "run", "--group", "dev", "pytest", *sys.argv[1:]])
