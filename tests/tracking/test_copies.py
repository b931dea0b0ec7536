"""Files for other programs hold every point of the journal, also after a resume, and end no run."""

import csv
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.copies import Copies, Format
from syntonic.tracking.copies.comma_separated import FILE
from syntonic.tracking.copies.tensorboard import FOLDER
from syntonic.tracking.journal import JOURNAL, Journal

ENDED = Ending(Status.FINISHED, 5, {"test_accuracy": 0.5})
COMMAND = [sys.executable, "-P", "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
POINTS = [{"loss": 1.0 / n, "accuracy": n / 10} | ({"signal/first": 0.5} if n == 3 else {}) for n in range(1, 6)]


def run_in(folder: Path) -> Run:
    return Run("one", "xor-es-s0", folder, folder, {"model": {"name": "mlp"}}, {})


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / FILE).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def journal(folder: Path) -> Journal:
    folder.mkdir(exist_ok=True)
    return Journal(folder / JOURNAL)


def test_a_table_has_every_point_and_empty_cells_for_what_was_not_measured(tmp_path: Path):
    points = journal(tmp_path)
    copies = Copies(["csv"])
    copies.start(run_in(tmp_path))
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
        copies.start(run_in(tmp_path))
        for step, metrics in enumerate(part, 1 if part[0] is POINTS[0] else 2):
            points.append(step, metrics)
        points.close()
        copies.finish(ENDED)
    assert [row["step"] for row in rows(tmp_path)] == ["1", "2", "3", "4", "5"]
    events = EventAccumulator(str(tmp_path / FOLDER)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("accuracy")] == [
        (step, pytest.approx(point["accuracy"])) for step, point in enumerate(POINTS, 1)
    ]
    assert [event.step for event in events.Scalars("signal/first")] == [3]


def test_a_disk_that_refuses_a_copy_is_told_once_and_the_journal_goes_on(tmp_path: Path):
    points, copies = journal(tmp_path), Copies(["csv"])
    copies.start(run_in(tmp_path))
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


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_without_the_package_the_request_is_wrong(monkeypatch: pytest.MonkeyPatch, name: Format):
    monkeypatch.setattr("syntonic.tracking.copies.copies.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=rf"pip install 'syntonic\[{name}\]'"):
        Copies([name])


def written(folder: Path) -> Iterator[object]:
    """What stands in the one run of Weights & Biases: records of LevelDB's log format after a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = (folder / "wandb").glob("offline-run-*/*.wandb")
    content, place = path.read_bytes(), 7
    assert len(content) < 32768, "one block, in which every record is whole"
    while place < len(content):
        length, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        assert kind == 1
        record = Record()
        record.ParseFromString(content[place + 7 : place + 7 + length])
        yield record
        place += 7 + length


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # wandb's own
def test_weights_and_biases_gets_points_and_results_and_nothing_is_sent(tmp_path: Path):
    # A run of its own, as users have it: wandb keeps a process for each one that uses it.
    offline = {name: value for name, value in os.environ.items() if name != "WANDB_MODE"}
    asked = ["tracking=none", "tracking.also=[wandb]", "trainer.max_generations=5", "trainer.population_size=4"]
    subprocess.run([*COMMAND, *asked], cwd=tmp_path, check=True, capture_output=True, env=offline)
    (run,) = (tmp_path / ".syntonic" / "runs").iterdir()
    kept = [json.loads(line) for line in (run / JOURNAL).read_text().splitlines()]
    found = list(written(run))
    items = [{i.key or i.nested_key[0]: i.value_json for i in r.history.item} for r in found if r.HasField("history")]
    assert [float(item["loss"]) for item in items] == [point["metrics"]["loss"] for point in kept]
    assert {r.run.run_id for r in found if r.HasField("run")} == {run.name}
    told = {i.key or i.nested_key[0] for r in found if r.HasField("summary") for i in r.summary.update}
    assert "test_loss" in told


@pytest.mark.filterwarnings("ignore")  # wandb's own
def test_a_server_that_refuses_is_a_problem_and_no_end_of_the_run(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")

    def refuses(**words: object) -> None:
        assert (words["mode"], words["resume"]) == (None, "allow"), "wandb reads what the user has said"
        raise wandb.errors.CommError("no way there")

    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr(wandb, "init", refuses)
    copies = Copies(["wandb", "csv"])
    copies.start(run_in(tmp_path))
    copies.finish(ENDED)
    (problem,) = copies.problems
    assert "wandb: no way there" in problem


@pytest.mark.slow
def test_a_run_keeps_both_beside_mlflow(tmp_path: Path):
    asked = ["tracking.also=[csv,tensorboard]", "trainer.max_generations=7", "trainer.population_size=4"]
    subprocess.run([*COMMAND, *asked], cwd=tmp_path, check=True, capture_output=True)
    (run,) = (tmp_path / ".syntonic" / "runs").iterdir()
    kept = [json.loads(line) for line in (run / JOURNAL).read_text().splitlines()]
    assert [float(row["loss"]) for row in rows(run)] == [point["metrics"]["loss"] for point in kept]
    assert len(EventAccumulator(str(run / FOLDER)).Reload().Scalars("loss")) == 7
