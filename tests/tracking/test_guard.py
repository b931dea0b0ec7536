"""Whatever a tracker raises, the run goes on and hears of it at the end."""

from pathlib import Path

import pytest

from syntonic.tracking.base import Ending, Receipt, Run, Status
from syntonic.tracking.guard import Guarded

ENDING = Ending(Status.FINISHED, 3)


class Moody:
    """A tracker that fails in one of its methods."""

    def __init__(self, fails_in: str) -> None:
        self.fails_in = fails_in
        self.logged: list[int] = []

    def _mood(self, method: str) -> None:
        if method == self.fails_in:
            raise OSError("no space left on device")

    def prepare(self) -> None:
        self._mood("prepare")

    def dismiss(self) -> None:
        self._mood("dismiss")

    def start(self, run: Run) -> None:
        self._mood("start")

    def log(self, record: "Step") -> None:
        self._mood("log")
        self.logged.append(record.generation)

    def flush(self, *, last: bool = False) -> None:
        self._mood("flush")

    def finish(self, ending: Ending) -> Receipt:
        self._mood("finish")
        return Receipt("id", "store", served=True)


class Step:
    generation = 1

    def metrics(self) -> dict[str, float]:
        return {"loss": 1.0}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run("id", "title", tmp_path, tmp_path, {}, {})


@pytest.mark.parametrize("method", ["start", "log", "flush", "finish"])
def test_a_failure_is_a_line_in_the_receipt(run: Run, method: str) -> None:
    tracker = Guarded(Moody(method))
    tracker.start(run)
    tracker.log(Step())
    tracker.flush()
    tracker.log(Step())
    receipt = tracker.finish(ENDING)
    (problem,) = receipt.problems
    assert "OSError: no space left on device" in problem


def test_a_good_tracker_gets_everything(run: Run) -> None:
    inner = Moody("")
    tracker = Guarded(inner)
    tracker.start(run)
    tracker.log(Step())
    assert inner.logged == [1]
    assert tracker.finish(ENDING) == Receipt("id", "store", served=True, problems=[])


@pytest.mark.parametrize("method", ["prepare", "dismiss"])
def test_what_is_only_got_ready_may_fail(run: Run, method: str) -> None:
    tracker = Guarded(Moody(method))
    tracker.prepare()
    tracker.start(run)
    receipt = tracker.finish(ENDING)
    tracker.dismiss()
    assert receipt.problems == []
