"""Runs of several kinds that are killed at random moments, as `experiments/reliability` does it by the hundred."""

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "experiments" / "reliability" / "kills.py"


def script() -> ModuleType:
    """Returns the script as a module."""
    spec = importlib.util.spec_from_file_location("reliability_kills", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the writer's priority is Linux's")
@pytest.mark.parametrize("name", ["retrocausal xor", "es winding", "snes xor", "activity digits"])
def test_a_run_that_was_killed_comes_to_the_same(tmp_path: Path, name: str) -> None:
    found = script().carry_out(name, 2, random.Random(), tmp_path)
    assert found["differences"] == []
    assert found["kills"] == 2
    assert found["identical"] == found["runs"] >= 1
