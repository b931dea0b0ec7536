"""The journal: every generation once, whatever a kill left behind."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.tracking.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def fill(path: Path, *steps: int) -> Journal:
    journal = Journal(path)
    for step in steps:
        journal.append(step, {"loss": 1.0 / step})
    journal.flush()
    return journal


def test_points_come_back(path: Path) -> None:
    journal = fill(path, 1, 2)
    assert [(point.step, point.metrics) for point in journal.points()] == [(1, {"loss": 1.0}), (2, {"loss": 0.5})]
    journal.close()


def test_a_generation_that_is_there_is_passed_over(path: Path) -> None:
    fill(path, 1, 2, 3).close()
    journal = Journal(path)
    assert journal.append(3, {"loss": 9.0}) is None
    assert journal.append(4, {"loss": 9.0}) is not None
    assert [point.step for point in journal.points()] == [1, 2, 3, 4]
    journal.close()


def test_numbers_that_are_none_survive(path: Path) -> None:
    journal = Journal(path)
    journal.append(1, {"a": math.nan, "b": math.inf})
    (point,) = journal.points()
    journal.close()
    assert math.isnan(point.metrics["a"])
    assert point.metrics["b"] == math.inf


@given(cut=st.integers(min_value=1, max_value=200))
def test_a_half_written_line_is_cut_off(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    fill(path, 1, 2, 3).close()
    content = path.read_bytes()
    path.write_bytes(content[: max(0, len(content) - cut)])
    kept = path.read_bytes().count(b"\n")
    journal = Journal(path)
    assert journal.last_step == kept
    for step in range(1, 5):
        journal.append(step, {"loss": 1.0})
    assert [point.step for point in journal.points()] == [1, 2, 3, 4]
    journal.close()
