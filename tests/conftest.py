"""Lets every room of the tests import what several of them share: `engines.py`, `waiting.py`, `repository_copy.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
