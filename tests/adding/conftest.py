"""What is added is added to a copy of the package."""

from pathlib import Path

import pytest
from repository_copy import Copy


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A fresh copy of the package and its tests."""
    return Copy.at(tmp_path)
