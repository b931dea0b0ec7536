"""Files for other programs hold every point of the journal, also after a resume, and end no run."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from syntonic.tracking.copies import Copies
from syntonic.tracking.copies.comma_separated import FILE
from syntonic.tracking.copies.tensorboard import FOLDER
from syntonic.tracking.journal import JOURNAL, Journal

COMMAND = [sys.executable, "-P", "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
POINTS = [{"loss": 1.0 / n, "accuracy": n / 10} | ({"signal/first": 0.5} if n == 3 else {}) for n in range(1, 6)]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / FILE).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def journal(folder: Path) -> Journal:
    folder.mkdir(exist_ok=True)
    return Journal(folder / JOURNAL)


def test_a_table_has_every_point_and_empty_cells_for_what_was_not_measured(tmp_path: Path):
    points = journal(tmp_path)
    copies = Copies(["csv"])
    copies.start(tmp_path)
    for step, metrics in enumerate(POINTS, 1):
        points.append(step, metrics)
        points.flush()
        copies.update()
    found = rows(tmp_path)
    assert [row["step"] for row in found] == ["1", "2", "3", "4", "5"]
    assert [float(row["loss"]) for row in found] == [point["loss"] for point in POINTS]
    assert [row["signal/first"] for row in found] == ["", "", "0.5", "", ""]
    assert copies.problems == []
    points.close()


def test_a_later_part_of_a_run_writes_them_anew_and_doubles_nothing(tmp_path: Path):
    for part in (POINTS[:3], POINTS[1:]):  # the second part computes two generations again
        points, copies = journal(tmp_path), Copies(["csv", "tensorboard"])
        copies.start(tmp_path)
        for step, metrics in enumerate(part, 1 if part[0] is POINTS[0] else 2):
            points.append(step, metrics)
        points.close()
        copies.update()
    assert [row["step"] for row in rows(tmp_path)] == ["1", "2", "3", "4", "5"]
    events = EventAccumulator(str(tmp_path / FOLDER)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("accuracy")] == [
        (step, pytest.approx(point["accuracy"])) for step, point in enumerate(POINTS, 1)
    ]
    assert [event.step for event in events.Scalars("signal/first")] == [3]


def test_a_disk_that_refuses_a_copy_is_told_once_and_the_journal_goes_on(tmp_path: Path):
    points, copies = journal(tmp_path), Copies(["csv"])
    copies.start(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    for step, metrics in enumerate(POINTS, 1):
        points.append(step, metrics)
        points.flush()
        copies.update()
    (problem,) = copies.problems
    assert "the journal has them all" in problem
    assert len(list(points.points())) == 5
    points.close()


def test_without_the_package_the_request_is_wrong(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("syntonic.tracking.copies.tensorboard.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'syntonic\[tensorboard\]'"):
        Copies(["tensorboard"])


@pytest.mark.slow
def test_a_run_keeps_both_beside_mlflow(tmp_path: Path):
    asked = ["tracking.also=[csv,tensorboard]", "trainer.max_generations=7", "trainer.population_size=4"]
    subprocess.run([*COMMAND, *asked], cwd=tmp_path, check=True, capture_output=True)
    (run,) = (tmp_path / ".syntonic" / "runs").iterdir()
    kept = [json.loads(line) for line in (run / JOURNAL).read_text().splitlines()]
    assert [float(row["loss"]) for row in rows(run)] == [point["metrics"]["loss"] for point in kept]
    assert len(EventAccumulator(str(run / FOLDER)).Reload().Scalars("loss")) == 7
