"""A run's record: what the version before wrote is read, and what cannot be read is passed over everywhere."""

import json
import math
import shutil
from pathlib import Path

import pytest

from syntonic.runners.cli import main
from syntonic.runners.run import listing
from syntonic.runners.run import record as run_record
from syntonic.runners.run.record import RunRecord
from syntonic.runners.sweep.history import look_back
from syntonic.tracking.base import Status

OLD = Path(__file__).parent / "old_runs"  # written by the version before: finished, interrupted, given up
WHOLE, PART, PRUNED = sorted(path.name for path in OLD.iterdir())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the old runs."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(OLD, tmp_path / ".syntonic" / "runs")
    return tmp_path / ".syntonic" / "runs"


def test_old_runs_are_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls"]) == 0
    said = capsys.readouterr().out
    assert "warning" not in said
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert "FINISHED" in lines[WHOLE]
    assert "60/60" in lines[WHOLE]
    assert "test_accuracy 1.0000" in lines[WHOLE]
    assert "KILLED" in lines[PART]
    assert "25/60" in lines[PART]
    assert "PRUNED" in lines[PRUNED]
    assert "4/16" in lines[PRUNED]


def test_old_runs_are_compared_and_reported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", WHOLE, PART]) == 0
    assert "FINISHED" in capsys.readouterr().out
    assert main(["report", WHOLE]) == 0
    assert "0.5577" in (home / WHOLE / "report.html").read_text()


def test_an_old_run_is_resumed_to_the_bits_of_an_uninterrupted_one(home: Path) -> None:
    assert main([f"resume={PART}"]) == 0
    whole, part = (run_record.read(home / name) for name in (WHOLE, PART))
    assert (part.status, part.generation) == (Status.FINISHED, 60)
    assert part.results == pytest.approx(whole.results, rel=1e-6)  # another processor may round otherwise


def test_the_file_is_the_old_one_to_the_byte(home: Path) -> None:
    for name in (WHOLE, PART, PRUNED):
        before = (home / name / "run.json").read_bytes()
        run_record.read(home / name).write()
        assert (home / name / "run.json").read_bytes() == before


def test_a_pruned_run_says_when(home: Path) -> None:
    record = run_record.read(home / PRUNED)
    assert record.status is Status.PRUNED
    assert record.pruned is not None
    assert record.pruned[0] == 4
    assert math.isfinite(record.pruned[1])
    assert record.reason == "given up after generation 4"
    assert record.results == {}


def test_a_file_cannot_say_where_the_run_lies(home: Path) -> None:
    facts = json.loads((home / WHOLE / "run.json").read_text())
    (home / WHOLE / "run.json").write_text(json.dumps({**facts, "folder": "/"}))
    with pytest.raises(ValueError, match="unknown field 'folder'"):
        run_record.read(home / WHOLE)


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        ("FINISHED", "", 0),
        ("FINISHED", "early stop", 0),
        ("FAILED", "ValueError: by SIGINT", 1),
        ("KILLED", "by SIGINT", 130),
        ("KILLED", "by SIGTERM", 143),
        ("KILLED", "", 1),
        ("PRUNED", "given up after generation 4", 0),
        ("REFUSED", "no such device", 2),
    ],
)
def test_exit_codes(status: str, reason: str, code: int) -> None:
    assert RunRecord("a", "a", 0.0, {}, "config", [], Status(status), reason=reason).exit_code == code


@pytest.mark.parametrize("content", ["{", '{"format": 99}', ""])
def test_an_unreadable_folder_is_passed_over_everywhere(
    home: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "bad").mkdir()
    (home / "bad" / "run.json").write_text(content)
    shutil.rmtree(home / PRUNED)
    assert main(["resume=last"]) == 0  # of the rest, the interrupted one is the latest
    assert run_record.read(home / PART).status is Status.FINISHED
    assert main(["ls"]) == 0
    assert main(["compare", WHOLE, PART]) == 0
    assert main(["report", WHOLE]) == 0
    assert main(["sync", WHOLE]) == 0
    assert main(["-m", "trainer.sigma=0.1,0.2", "trainer.max_generations=2", "tracking=none"]) == 0
    said = capsys.readouterr().out.split("warning: ")[1:]
    assert len(said) == 6
    assert all("bad/run.json cannot be used" in line.splitlines()[0] for line in said)
    assert [folder.record.id for folder in listing.survey()[0]][-1] == WHOLE
    assert len(look_back("none", None).passed_over) == 1


def test_an_unreadable_sweep_is_passed_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-m", "trainer.sigma=0.1,0.2", "trainer.max_generations=2", "tracking=none"]
    assert main(words) == 0
    bad = home.parent / "sweeps" / "bad"
    bad.mkdir()
    (bad / "sweep.json").write_text("{")
    assert main(["sweep.resume=last"]) == 0
    assert "warning: " in capsys.readouterr().out


def test_what_is_asked_for_and_cannot_be_read_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / WHOLE / "run.json").write_text("{")
    assert main([f"resume={WHOLE}"]) == 2
    said = capsys.readouterr().err
    assert f"there is no such run in {home.parent.name}" in said
    assert f"{WHOLE}/run.json cannot be used" in said
