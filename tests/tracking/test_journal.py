"""The journal: every generation once, whatever a kill left behind."""

import math
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic.tracking.journal import Journal, Tail


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


@settings(deadline=None)  # a disk may take its time
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_what_the_disk_refuses_is_saved_elsewhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(path.parent))
    journal = fill(path, 1, 2)
    with Path("/dev/full").open("ab", buffering=0) as full:
        real, journal._file = journal._file, full
        for step in range(3, 6):
            journal.append(step, {"loss": 1.0})
            journal.flush()
        journal.close()
    real.close()
    (saved,) = path.parent.glob(f"syntonic-{path.parent.name}-*/journal.jsonl")
    assert [point.step for point in Tail(saved).new()] == [1, 2, 3, 4, 5]
    assert [point.step for point in Tail(path).new()] == [1, 2]


def test_a_disk_that_has_room_again_gets_everything(path: Path) -> None:
    journal = fill(path, 1)
    with path.open("rb", buffering=0) as deaf:
        real, journal._file = journal._file, deaf
        journal.append(2, {"loss": 1.0})
        journal.flush()
    journal._file = real
    journal.append(3, {"loss": 1.0})
    assert [point.step for point in journal.points()] == [1, 2, 3]
    journal.close()


@pytest.mark.parametrize("count", [1, 2, 50, 5000])
def test_a_step_is_found_wherever_it_is(tmp_path: Path, count: int) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for number in range(count):
        journal.append(3 * number + 2, {"loss": float(number), "x" * (number % 90 + 1): 0.5})
    journal.close()
    tail = Tail(tmp_path / "journal.jsonl")
    for number in {0, 1, count // 3, count // 2, count - 2, count - 1} & set(range(count)):
        found = tail.find(3 * number + 2)
        assert found is not None
        assert found.metrics["loss"] == number
        assert tail.find(3 * number + 3) is None
    assert tail.find(0) is None
    assert tail.position == 0


def test_time_goes_forward_though_the_clock_is_set_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time()
    journal = Journal(path, since=start + 60)  # the clock was set back by a minute since the run was started
    journal.append(1, {"loss": 1.0})
    journal.close()
    monkeypatch.setattr(time, "time", lambda: start - 3600)  # and by an hour before it was resumed
    journal = Journal(path)
    journal.append(2, {"loss": 1.0})
    assert [point.time >= int((start + 60) * 1000) for point in journal.points()] == [True, True]
    assert journal.now() >= int((start + 60) * 1000)
    journal.close()
