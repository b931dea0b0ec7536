"""What a notebook sees: a live line, a run as a table with curves, a sweep as a table; HTML that loads nothing."""

import math
import sys
import types
from html.parser import HTMLParser

import pytest
from runner_folders import runs

import syntonic

QUICK = ["tracking=none", "trainer.population_size=4", "trainer.max_generations=8", "model.hidden=[4]"]
VOID = {"br", "meta", "progress"}


class Balanced(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.tags = [], [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert not {"src", "href", "onload", "onclick"} & {name for name, _ in attributes}
        assert tag not in ("script", "iframe", "link")
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, text):
        self.texts.append(text)


@pytest.fixture
def kernel(monkeypatch):
    """IPython as it is behind a notebook; what is displayed, and drawn over it, is collected."""
    shell = type("ZMQInteractiveShell", (), {})()
    drawn = []

    class Place:
        def update(self, picture):
            drawn.append(picture)

    def display(picture, *, display_id):
        assert display_id is True
        drawn.append(picture)
        return Place()

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    ipython.display = types.SimpleNamespace(display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return drawn


def test_a_live_line_in_a_notebook(folder, kernel, monkeypatch):
    monkeypatch.setattr("syntonic.runners.run.notebook._PAUSE", 0.0)
    syntonic.run(QUICK)
    assert len(kernel) >= 9
    last = kernel[-1]
    assert "8/8" in repr(last)
    shown = Balanced(last._repr_html_())
    assert "progress" in shown.tags
    assert repr(last) in shown.texts


def test_nothing_is_drawn_where_nothing_shall_be_printed(folder, kernel):
    syntonic.run(QUICK, quiet=True)
    assert kernel == []


def test_a_run_is_a_table_with_curves(folder):
    result = syntonic.run([*QUICK, "name='<script>alert(1)</script>'"], quiet=True)
    for text in (result._repr_html_(), syntonic.load(result)._repr_html_()):
        shown = Balanced(text)
        assert {"svg", "table", "polyline"} <= shown.tags
        assert "<script>alert(1)</script>" in shown.texts
        assert f"{result.results['test_loss']:.6g}" in shown.texts


def test_a_run_without_results_is_shown(folder, command):
    assert command("trainer.fails_at=3") == 1
    (run,) = runs(folder)
    shown = Balanced(syntonic.load(run)._repr_html_())
    assert any("FAILED" in text for text in shown.texts)
    assert "table" not in shown.tags


def test_a_sweep_from_python(folder):
    result = syntonic.sweep([*QUICK, "trainer.sigma=0.05,0.4", "seed=0,1"], quiet=True)
    assert (len(result.points), result.left, result.failures) == (2, 0, {})
    assert [point.mean for point in result.points] == sorted(point.mean for point in result.points)
    assert result.best == result.points[0]
    for point in result.points:
        assert point.values.keys() == {"trainer.sigma"}
        values = [each[result.metric] for each in point.results]
        assert math.isclose(point.mean, sum(values) / 2)
        assert len(point.runs) == 2
    assert result.report.is_file()
    shown = Balanced(result._repr_html_())
    assert f"{result.points[1].mean:.6g}" in shown.texts
    again = syntonic.sweep([*QUICK, "trainer.sigma=0.05,0.4", "seed=0,1"], quiet=True)
    assert [point.mean for point in again.points] == [point.mean for point in result.points]
    assert len(runs(folder)) == 4


def test_failures_of_a_sweep_are_told(folder, capsys):
    use = folder / "fails_on_two.py"
    use.write_text(
        "from syntonic.core.registry import register\nfrom syntonic.nn.training.callbacks import Request\n"
        "@register('callback', 'fails_on_two')\nclass Fails:\n    def __init__(self, *, at: int = 2): self.at = at\n"
        "    def after(self, generation, metrics):\n        if generation == self.at: raise OSError('two')\n"
        "        return Request.NOTHING\n    def state(self): return {}\n    def restore(self, state): pass\n"
    )
    words = [*QUICK, "callbacks=fails_on_two", "callbacks.fails_on_two.at=2,99"]
    result = syntonic.sweep(words, use=[use], quiet=True)
    assert list(result.failures.values()) == ["OSError: two"]
    assert result.best.values == {"callbacks.fails_on_two.at": 99}
    assert "OSError: two" in Balanced(result._repr_html_()).texts


def test_a_wrong_sweep_is_an_error(folder):
    with pytest.raises(ValueError, match=r"there is no key 'trainer\.sigm'"):
        syntonic.sweep(["trainer.sigm=1,2"], quiet=True)
    with pytest.raises(ValueError, match="a dry run has no result"):
        syntonic.sweep([*QUICK, "seed=1,2", "sweep.dry_run=true"], quiet=True)
    assert not (folder / ".syntonic").exists()
