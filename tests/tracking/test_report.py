"""Reports: they show what happened, need nothing else, and print what a stranger wrote as text."""

import io
import math
import re
import struct
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from syntonic.tracking.arrays import pack
from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.client import request
from syntonic.tracking.journal import JOURNAL, Journal, Point
from syntonic.tracking.outcome import Outcome
from syntonic.tracking.report import charts, curves, image, lattice, page, run_page
from syntonic.tracking.report.axis import Axis
from syntonic.tracking.report.confusion import _SHADE, matrix
from syntonic.tracking.report.history import History
from syntonic.tracking.spool import Spool, SpoolError

EVIL = "<script>alert(1)</script><img src=http://evil.example/x>\"'&"


class Found(HTMLParser):
    """What a browser would see: tags, and what would be fetched or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert name not in ("src", "href", "srcset", "action", "data"), f"{tag} {name}={value}"
            assert not name.startswith("on")

    def handle_data(self, data: str) -> None:
        self.text += data
        self.words.append(data)


@pytest.fixture
def whole(tmp_path: Path) -> Run:
    """A run's folder with everything that a report shows."""
    folder = tmp_path / "runs" / "one"
    (folder / "model").mkdir(parents=True)
    run = Run("one", EVIL, folder, tmp_path, {}, {"model.name": EVIL, "seed": "0"}, tags={"config_hash": EVIL})
    journal = Journal(folder / JOURNAL)
    for step in range(1, 2001):
        journal.append(step, {"loss": 1 / step if step != 7 else math.nan, EVIL: math.sin(step)})
    journal.close()
    weights = struct.pack("<8q", -3, 0, 2, 1, 5, 0, 0, -1)
    (folder / "model" / "parameters.safetensors").write_bytes(
        pack({EVIL: {"dtype": "int64", "shape": [2, 4], "data": weights}})
    )
    (folder / "model" / "model.json").write_text('{"syntony": {"layer<0>.weight": 0.5}}')
    spool = Spool(folder)
    spool.begin(request(run, None, "syntonic"))
    ending = Ending(Status.FAILED, 2000, {"test_accuracy": 0.75}, texts={"traceback.txt": EVIL}, tags={"reason": EVIL})
    spool.end(ending, 1)
    return run


def test_a_run_is_told_whole_and_harmless(whole: Run) -> None:
    text = run_page(Spool(whole.folder))
    found = Found(text)
    assert not {"script", "img", "iframe", "object", "link", "a", "form"} & set(found.tags)
    assert not re.search(r"https?://", text.replace("http://evil.example", ""))
    assert EVIL in found.text
    for word in ("FAILED", "test", "0.75", "Curves", "Lattice", "Settings", "8 numbers from -3 to 5, 3 are 0"):
        assert word in found.text
    assert found.tags.count("svg") == 2 + 1 + 3, "two curves, syntony, a, b and both of the one layer"
    assert {"generation", "loss (log)", "coefficient", "how many"} <= set(found.words), "axes have names"
    assert len(text) < 150_000


def test_a_run_that_is_still_going_has_a_report(whole: Run) -> None:
    (whole.folder / "tracking" / "ending.json").unlink()
    assert "RUNNING" in run_page(Spool(whole.folder))


@pytest.mark.parametrize("count", [1, 300, 301, 4095, 4096, 30_000])
def test_a_long_run_keeps_its_peaks_in_bounded_memory(count: int) -> None:
    noise = np.random.default_rng(count).standard_normal(count)
    history = History()
    for step, value in enumerate(noise.tolist(), start=1):
        history.add(Point(step, 0, {"noise": value, "none": math.nan, **{f"m{n}": 0.0 for n in range(40)}}))
    line = history.lines["noise"]
    assert len(line) <= 4096
    assert (min(y for _, y in line), max(y for _, y in line)) == (noise.min(), noise.max())
    assert [noise[int(x) - 1] for x, _ in line] == [y for _, y in line]
    assert all(x < after for (x, _), (after, _) in pairwise(line))
    assert (history.last_step, len(history.lines), history.lines["none"]) == (count, 30, [])
    drawn = [figure for figure in curves.figures(history, {}, Outcome()) if figure]
    assert len(drawn) == (1 if count > 1 else 29), "what never changes is no curve"
    assert drawn[0].count(",") < 1000, "points of the picture"


def test_a_run_of_nothing_has_a_report(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "two"
    folder.mkdir(parents=True)
    Spool(folder).begin(request(Run("two", "t", folder, tmp_path, {}, {}), None, "syntonic"))
    assert "<h1>t</h1>" in run_page(Spool(folder))
    with pytest.raises(SpoolError, match="holds no run"):
        run_page(Spool(tmp_path))


@pytest.mark.parametrize(
    "line",
    [
        [],
        [(1, math.nan)],
        [(1, 1.0)],
        [(1, 1.0), (2, 1.0)],
        [(1, 1e308), (2, -1e308)],
        [(1, 0.0), (2, math.inf), (3, 5e-324)],
    ],
)
def test_odd_lines_are_drawn_or_left_out(line: list[tuple[float, float]]) -> None:
    drawn = charts.lines("x", {"y": line})
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert bool(drawn) == any(math.isfinite(value) for _, value in line)


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 64, pack({}), pack({"a": {"dtype": "int64", "shape": [2, 0], "data": b""}})]
)
def test_a_hostile_model_draws_nothing(whole: Run, content: bytes) -> None:
    path = whole.folder / "model" / "parameters.safetensors"
    path.write_bytes(content)
    assert list(lattice.histograms(path)) == []
    assert lattice.pictures(path) is None
    replace(whole, title="t")
    (whole.folder / "model" / "model.json").write_text('{"syntony": {"a": "x"}}')
    assert "Lattice" not in run_page(Spool(whole.folder))


def test_the_picture_of_the_lattice_has_a_dot_for_each_weight() -> None:
    # 0 twice; phi, of conjugate -0.6; 2 phi, beyond 2; 100 - 62 phi = -0.32, of conjugate 138.3.
    one = np.asarray(PIL.Image.open(io.BytesIO(image.density([0, 0, 0, 0, 100], [0, 0, 1, 2, -62]))))
    dots = one[1::3, 1::3]
    assert dots.shape == (201, 201)
    assert (one == dots.repeat(3, 0).repeat(3, 1)).all()
    assert np.argwhere(dots >= 64).tolist() == [[15, 84], [100, 100], [100, 181], [101, 200]]
    assert dots[100, 100] > dots[100, 181] == dots[15, 84], "two weights are brighter than one"


def test_weights_that_do_not_pair_draw_nothing(tmp_path: Path) -> None:
    pairs = {
        f"lattice_{name}": {"dtype": "int64", "shape": [size], "data": bytes(8 * size)}
        for name, size in (("a", 2), ("b", 1))
    }
    (tmp_path / "state.safetensors").write_bytes(pack(pairs))
    assert lattice.pictures(tmp_path / "state.safetensors") is None


OUTCOME = Outcome(
    command="syntonic-run -cn digits",
    changed=["seed"],
    data=["digits.csv, SHA-256 abc"],
    device="cpu",
    weights=2410,
    seconds=2.0,
    evaluations=1000,
    chance={"accuracy": 0.1},
    baseline={"accuracy": 0.2},
    rules={"accuracy": "commonest class"},
    ceiling={"accuracy": 1.0},
    distinct=360,
    unseen=300,
    classes=["cat", EVIL],
    confusion=[[7, 1], [0, 9]],
    examples=[["1 2 3", "3 2 1", EVIL], ["short"]],
)


def test_a_result_is_shown_beside_what_it_is_held_against(whole: Run) -> None:
    OUTCOME.write(whole.folder)
    text = run_page(Spool(whole.folder))
    found = Found(text)
    told = " ".join(found.words)
    for word in (
        "chance",
        "baseline",
        "ceiling",
        "commonest class",
        "2,410",
        "500 evaluations/s",
        "300 of them unseen",
    ):
        assert word in told
    for word in (
        "syntonic-run -cn digits",
        "SHA-256 abc",
        "cat",
        "87.5%",
        "the model says",
        "3 2 1",
        "Not as by default:",
    ):
        assert word in told
    assert told.index("Not as by default") < told.index("model.name"), "changed settings come first"
    assert "script" not in found.tags


def test_validation_stands_beside_train_and_the_population_is_a_band(tmp_path: Path) -> None:
    history = History()
    for step in range(1, 50):
        metrics = {"loss": 1 / step, "val_loss": 1.1 / step, "best_fitness": -0.9 / step}
        metrics |= {"mean_fitness": math.nan if step == 7 else -1.2 / step, "accuracy": step / 50}
        metrics |= {f"signal/{layer}": layer / step for layer in (1, 2)}
        history.add(Point(step, 0, metrics))
    loss, population, accuracy, signal = (f for f in curves.figures(history, {"test_accuracy": 0.8}, OUTCOME) if f)
    assert {"loss, train (batch)", "loss, validation"} <= set(Found(loss).words)
    assert 'class="band' in population
    assert {"test, at the end 0.8", "chance 0.1", "baseline 0.2", "ceiling 1"} <= set(Found(accuracy).words)
    assert signal.count("<polyline") == 2
    assert history.blind == 1


def test_generations_that_learnt_nothing_are_told(whole: Run) -> None:
    journal = Journal(whole.folder / JOURNAL)
    journal.append(2001, {"mean_fitness": math.nan})
    journal.close()
    assert "In 1 generation the fitness of every member was NaN" in run_page(Spool(whole.folder))


@pytest.mark.parametrize(
    ("low", "high", "log", "wanted"),
    [
        (0.0, 1.0, False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (1.0, 200.0, False, ["50", "100", "150", "200"]),
        (1e-4, 2.0, True, ["0.0001", "0.0010", "0.0100", "0.1000", "1.0000"]),
        (0.951, 0.9531, False, ["0.9510", "0.9515", "0.9520", "0.9525", "0.9530"]),
        (3.0, 3.0, False, ["3"]),
    ],
)
def test_ticks_are_round(low: float, high: float, log: bool, wanted: list[str]) -> None:
    ticks = list(Axis(low, high, log).ticks())
    assert [text for _, text in ticks] == wanted
    assert all(-1e-9 <= share <= 1 + 1e-9 for share, _ in ticks)


@pytest.mark.parametrize(("low", "high"), [(-1e308, 1e308), (0.0, 5e-324), (5e-324, 1e308), (-math.pi, 1e-300)])
@pytest.mark.parametrize("log", [True, False])
def test_an_axis_of_any_numbers_has_ticks(low: float, high: float, log: bool) -> None:
    axis = Axis.of([low, high], log=log)
    ticks = list(axis.ticks())
    assert 1 <= len(ticks) <= 16
    assert all(math.isfinite(share) for share, _ in ticks)


def test_a_table_can_be_sorted_by_each_column_without_a_script() -> None:
    rows: list[tuple[str | float | None, ...]] = [("b", 1.0), ("a", None), ("c", 3.0)]
    text = page.table(("name", "loss"), rows, sortable="points")
    orders = [tuple(map(int, found)) for found in re.findall(r"--o0:(\d);--o1:(\d)", text)]
    assert orders == [(2, 2), (1, 3), (3, 1)], "texts ascend, numbers descend, what is empty comes last"
    assert text.count('type="radio"') == 3
    assert "script" not in text


def test_colours_can_be_told_from_the_paper() -> None:
    for ink, paper in ((page._INK, "#ffffff"), (page._NIGHT, "#171717")):
        colours = dict(re.findall(r"--(\w+): (#\w+)", ink))
        for name in ("ink", "dim", "accent", "c6"):
            assert contrast(colours[name], paper) >= 4.5, name  # AA, for text
        for name in ("c2", "c6"):  # behind the numbers of a confusion
            parts = zip(*(bytes.fromhex(colour[1:]) for colour in (colours[name], paper)), strict=True)
            mixed = [round(one * _SHADE / 100 + two * (1 - _SHADE / 100)) for one, two in parts]
            assert contrast(colours["ink"], f"#{bytes(mixed).hex()}") >= 4.5, name
        for number in range(8):
            assert contrast(colours[f"c{number}"], paper) >= 3.0, number  # AA, for lines
    assert re.search("--paper: #171717", page._NIGHT)


def contrast(first: str, second: str) -> float:
    """Returns the contrast of two colours. Source: W3C, Web Content Accessibility Guidelines 2.1."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("counts", [[], [[1]], [[1, 2]], [[1, 2], [3]]])
def test_a_confusion_that_does_not_fit_its_classes_draws_nothing(counts: list[list[int]]) -> None:
    assert matrix(["a", "b"], counts) == ""
