"""Lets the tests of this folder import the NumPy formulas of the network tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "nn"))
