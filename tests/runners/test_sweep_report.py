"""The one report of a sweep: its best point is that of the sweep's metric, whoever asks for it and when."""

import errno
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from runner_folders import runs

from syntonic.runners.cli import main
from syntonic.runners.sweep import report
from syntonic.runners.sweep.points import Job
from syntonic.runners.sweep.results import RunResult
from syntonic.runners.sweep.settings import Settings
from syntonic.runners.sweep.state import SweepState

Command = Callable[..., int]
Said = pytest.CaptureFixture[str]
GRID = ["-m", "tracking=none", "trainer.max_generations=20,1,5"]
EVIL = "<script>alert(1)</script>"


class Found(HTMLParser):
    """What a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload"}

    def handle_data(self, data: str) -> None:
        self.text += data


def the_sweep(folder: Path) -> Path:
    """Returns the folder of the only sweep."""
    (found,) = folder.glob(".syntonic/sweeps/*")
    return found


def best_of(path: Path) -> str:
    """Returns the point that a report names as the best."""
    (found,) = re.findall(r"Best point, with the \w+ [^:]*: ([^(]*) \(run", path.read_text())
    return str(found)


@pytest.mark.parametrize(
    ("words", "best"), [([], "20"), (["sweep.mode=max"], "1"), (["sweep.metric=train_loss"], "20")]
)
def test_terminal_and_both_ways_to_the_report_name_the_same_point(
    command: Command, folder: Path, capsys: Said, words: list[str], best: str
) -> None:
    # The accuracy is the same for every run: a report that went by it named the first one.
    assert command(*GRID, *words) == 0
    assert f"best: trainer.max_generations={best}," in capsys.readouterr().out
    path = the_sweep(folder) / "sweep.html"
    made = path.read_text()
    assert best_of(path) == f"trainer.max_generations={best}"
    path.unlink()
    assert main(["report", the_sweep(folder).name[:6]]) == 0
    assert capsys.readouterr().out.strip() == str(path.relative_to(folder))
    assert path.read_text() == made
    assert not (path.parent / "report.html").exists()


@pytest.mark.parametrize("kept", [True, False])
def test_a_sweep_that_was_cut_short_is_reported_from_the_folders_of_its_runs(
    command: Command, folder: Path, kept: bool
) -> None:
    # As a version without `points.json` has left it, or one that was killed before its runs had ended.
    assert command(*GRID, "sweep.mode=max") == 0
    sweep = the_sweep(folder)
    made = Found((sweep / "sweep.html").read_text())
    points = json.loads((sweep / "points.json").read_text())
    (sweep / "points.json").unlink()
    if kept:
        (sweep / "points.json").write_text(json.dumps({**points, "results": []}))
    assert main(["report", sweep.name, "--out", "again.html"]) == 0
    assert best_of(folder / "again.html") == "trainer.max_generations=1"
    text = (folder / "again.html").read_text()
    assert all(run.name in text for run in runs(folder))
    if kept:
        assert Found(text).text == made.text


def test_a_run_that_went_on_alone_is_seen_by_the_report(command: Command, folder: Path) -> None:
    assert command("-m", "tracking=none", "seed=0,1", "trainer.fails_at=9") == 1
    sweep = the_sweep(folder)
    assert "2 failed" in Found((sweep / "sweep.html").read_text()).text
    for run in runs(folder):
        facts = json.loads((run / "run.json").read_text())
        facts.update(status="FINISHED", results={"test_loss": 0.5}, reason="")
        (run / "run.json").write_text(json.dumps(facts))
    assert main(["report", sweep.name]) == 0
    text = Found((sweep / "sweep.html").read_text()).text
    assert "failed" not in text
    assert "test_loss 0.5 " in text


def test_a_disk_without_room_for_the_report_ends_no_sweep(
    command: Command, folder: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def full(self: Path, *given: object, **named: object) -> int:
        if "points.json" in self.name or "sweep.html" in self.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    assert command(*GRID) == 0
    said = capsys.readouterr().out
    assert "warning    the report could not be written: [Errno 28] No space left on device" in said
    assert "best: trainer.max_generations=20" in said
    assert json.loads((the_sweep(folder) / "sweep.json").read_text())["status"] == "FINISHED"
    assert [path.name for path in the_sweep(folder).glob(".*")] == []
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert main(["report", the_sweep(folder).name]) == 0, "from the folders of the runs"
    assert best_of(the_sweep(folder) / "sweep.html") == "trainer.max_generations=20"


@pytest.mark.parametrize(
    "harm",
    [
        {"jobs": 3},
        {"metric": 1},
        {"mode": "up"},
        {"results": [{"number": 0}]},
        {"format": 9},
    ],
)
def test_a_record_that_cannot_be_used_is_one_line(
    command: Command, folder: Path, capsys: Said, harm: dict[str, object]
) -> None:
    assert command(*GRID) == 0
    path = the_sweep(folder) / "points.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **harm}))
    assert main(["report", the_sweep(folder).name]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1


def test_values_of_another_making_are_text(command: Command, folder: Path) -> None:
    assert command(*GRID) == 0
    path = the_sweep(folder) / "points.json"
    kept = json.loads(path.read_text())
    kept["jobs"][0].update(text=EVIL, values={"trainer.max_generations": EVIL})
    kept["jobs"][1]["values"] = {"trainer.max_generations": 10**400}
    kept["jobs"][2]["values"] = {"another": [1]}
    path.write_text(json.dumps(kept))
    assert main(["report", the_sweep(folder).name]) == 0
    found = Found(path.with_name("sweep.html").read_text())
    assert "script" not in found.tags
    assert EVIL in found.text


def test_what_each_setting_does_is_the_median_over_the_others() -> None:
    state = SweepState(Settings(metric="test_accuracy"))
    losses = {(sigma, seed): 0.1 * seed + sigma for sigma in (0.1, 0.2) for seed in (0, 1, 4)}
    for number, ((sigma, seed), value) in enumerate(losses.items()):
        job = Job(number, number, f"sigma={sigma} seed={seed}", (), {"sigma": sigma, "seed": seed}, None, str(number))
        state.jobs[number] = job
        state.put(RunResult(number, "FINISHED", {"test_accuracy": value}), job)
    text = report.html("t", state, [])
    (found,) = re.findall(r"<h2>What each setting does</h2>\n(.*?)</table>", text, re.S)
    cells = [re.findall(r"<td[^>]*>([^<]*)</td>", line) for line in found.splitlines()[2:]]
    assert cells == [["sigma", "0.2", "3", "0.3", "0.2", "0.6"], ["sigma", "0.1", "3", "0.2", "0.1", "0.5"]]
    assert text.count('<tr class="best"') == 1


@pytest.mark.parametrize("sweeper", ["basic", "random", "tpe"])
def test_different_benchmarks_are_no_sweep(command: Command, folder: Path, capsys: Said, sweeper: str) -> None:
    words = ["-m", f"hydra/sweeper={sweeper}", "benchmark=xor,digits", "model=mlp", "trainer=es"]
    assert main(words) == 2
    assert "several benchmarks, digits and xor" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
