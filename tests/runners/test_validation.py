"""Centres and runs are chosen by validation data; the test data is judged once, when the training is over."""

import json
import math
import os
import signal

import own_data
import pytest
from runner_folders import runs

from syntonic._core import Tensor
from syntonic.benchmarks.supervised import Supervised
from syntonic.core import registry
from syntonic.nn.training.callbacks import Request
from syntonic.nn.training.callbacks.best_checkpoint import BestCheckpoint
from syntonic.nn.training.callbacks.early_stop import EarlyStop
from syntonic.runners.cli import main
from syntonic.runners.run import life
from syntonic.runners.sweep.prune import Pruning
from syntonic.runners.sweep.settings import Settings


@pytest.fixture
def looks(monkeypatch):
    """Every look at data, in order: the split and how many rows."""
    seen = []
    figures = Supervised._figures

    def spy(self, model, split):
        (name,) = [name for name, each in self._splits.items() if each is split]
        seen.append(name)
        return figures(self, model, split)

    monkeypatch.setattr(Supervised, "_figures", spy)
    return seen


@pytest.fixture
def words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own_data.table(tmp_path)
    return [
        "benchmark=table",
        "benchmark.path=table.csv",
        "benchmark.target=kind",
        "benchmark.ignore=[colour]",
        "trainer.population_size=8",
        "tracking=none",
    ]


def test_a_run_looks_at_validation_data_every_tenth_generation_and_at_the_test_once(words, tmp_path, looks):
    assert main([*words, "trainer.max_generations=25", "callbacks=[best,early_stop]"]) == 2  # one option of a group
    assert main([*words, "trainer.max_generations=25", "callbacks=best"]) == 0
    assert looks == ["validation"] * 3 + ["train", "validation", "test"]


def test_the_figures_are_recorded_with_their_generations(words, tmp_path):
    assert main([*words, "trainer.max_generations=7", "validate_every=3"]) == 0
    (run,) = runs(tmp_path)
    found = {step: metrics for step, metrics in points(run)}
    assert {step for step, metrics in found.items() if "val_loss" in metrics} == {3, 6, 7}
    results = json.loads((run / "run.json").read_text())["results"]
    assert found[7]["val_loss"] == pytest.approx(results["validation_loss"], rel=1e-9)


def points(run):
    for line in (run / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        yield entry["step"], entry["metrics"]


def test_a_sweep_compares_by_validation_data_and_each_run_sees_the_test_once(words, tmp_path, looks, capsys):
    sweep = ["-m", *words, "trainer.max_generations=12", "trainer.sigma=0.02,0.1,0.5", "callbacks=best"]
    assert main(sweep) == 0
    said = capsys.readouterr().out
    assert "validation_loss" in said
    assert "chosen by the test" not in said
    assert looks.count("test") == 3
    each = looks.index("test") + 1
    assert all(looks[first : first + each][-1] == "test" for first in range(0, len(looks), each))
    losses = [json.loads((run / "run.json").read_text())["results"]["validation_loss"] for run in runs(tmp_path)]
    assert f"{min(losses):.4g}"[:5] in said


def test_without_validation_data_a_sweep_says_that_it_goes_by_the_test(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tiny = ["trainer.population_size=4", "trainer.max_generations=2", "tracking=none", "-m", "seed=0,1"]
    assert main(["benchmark=xor", *tiny]) == 0
    assert "points are compared by test_loss: there is no validation data" in capsys.readouterr().out
    assert main(["benchmark=digits", "benchmark.validation=0.2", *tiny]) == 0
    said = capsys.readouterr().out
    assert "test_loss" in said
    assert "no validation data" not in said


def test_a_resumed_run_has_the_bits_of_a_whole_one(words, tmp_path, monkeypatch):
    long = [
        *words,
        "trainer.max_generations=40",
        "validate_every=4",
        "callbacks=early_stop",
        "callbacks.early_stop.patience=30",
        "callbacks.early_stop.metric=val_loss",
        "callbacks.early_stop.target=null",
    ]
    assert main(long) == 0
    (whole,) = runs(tmp_path)
    record = json.loads((whole / "run.json").read_text())
    assert record["status"] == "FINISHED"
    kept = sorted((whole / "checkpoints").iterdir())
    assert kept
    real = life.judged

    def interrupted(config, parts, records):
        for record in real(config, parts, records):
            if record.generation == 20:
                os.kill(os.getpid(), signal.SIGINT)
            yield record

    monkeypatch.setattr(life, "judged", interrupted)
    assert main(long) == 130
    monkeypatch.setattr(life, "judged", real)
    assert main(["resume=last"]) == 0
    records = [json.loads((run / "run.json").read_text()) for run in runs(tmp_path)]
    one, other = ({k: v for k, v in each["results"].items() if "seconds" not in k} for each in records)
    assert one == other
    assert "validation_loss" in one


def test_callbacks_that_were_told_nothing_choose_by_validation_data_where_there_is_some():
    early, best = EarlyStop(patience=3), BestCheckpoint(every=1)
    early.watched.choose(("val_loss", "val_accuracy"))
    best.watched.choose(("val_loss", "val_accuracy"))
    told = [{"val_accuracy": 0.2}, {"accuracy": 0.9}, {"val_accuracy": 0.5}, {"accuracy": 0.1}, {"val_accuracy": 0.4}]
    told.append({"accuracy": 1.0})
    assert [early.after(i + 1, metrics) for i, metrics in enumerate(told)].index(Request.STOP) == 5
    found = [best.after(i + 1, metrics) for i, metrics in enumerate(told)]
    assert [i for i, wish in enumerate(found) if wish is Request.CHECKPOINT] == [0, 2]
    plain = EarlyStop(target=0.9)
    assert plain.after(1, {"loss": 1.0, "accuracy": 0.5}) is Request.NOTHING
    assert plain.after(2, {"loss": 1.0, "accuracy": 0.95}) is Request.STOP


def test_pruning_by_validation_data_waits_for_the_first_look(tmp_path):
    for number, loss in enumerate([1.0, 1.1, 1.2, 1.3, 9.0]):
        watcher = Pruning(tmp_path / "p", number, "val_loss", 80)
        wishes = [watcher.after(g, {"val_loss": loss} if g % 15 == 0 else {"loss": 0.0}) for g in range(1, 81)]
        assert (Request.ABANDON in wishes) is (number == 4)
    assert watcher.given_up is not None
    assert math.isfinite(watcher.given_up[1])


@pytest.mark.parametrize(
    ("metric", "compared_by", "pruned_by"),
    [
        (None, "validation_loss", "val_loss"),
        ("validation_accuracy", "validation_loss", "val_accuracy"),
        ("test_accuracy", "validation_loss", "val_loss"),
        (None, "test_loss", "loss"),
        (None, "fitness", "loss"),
    ],
)
def test_pruning_that_was_told_auto_goes_by_validation_data_where_there_is_some(metric, compared_by, pruned_by):
    assert Settings(metric=metric, prune="auto").settled(compared_by).prune == pruned_by
    assert Settings(metric=metric).settled(compared_by).prune is None


def test_a_sweep_prunes_by_validation_data(words, tmp_path, capsys):
    sweep = [*words, "trainer.max_generations=16", "validate_every=1", "sweep.prune=auto"]
    assert main(["-m", *sweep, "seed=range(0,8)"]) == 0
    (left,) = tmp_path.glob(".syntonic/sweeps/*/rungs")
    seen = {int(path.stem): json.loads(path.read_text()) for path in left.iterdir()}
    assert seen.keys() == set(range(8))
    for run in runs(tmp_path):
        found = dict(points(run))
        record = json.loads((run / "run.json").read_text())
        best = min(metrics["val_loss"] for step, metrics in found.items() if step <= 4)
        assert seen[record["config"]["seed"]]["4"] == pytest.approx(best, rel=1e-12)
    assert "PRUNED" in capsys.readouterr().out


def test_null_looks_at_nothing(words, looks):
    assert main([*words, "trainer.max_generations=12", "validate_every=null"]) == 0
    assert looks == ["train", "validation", "test"]


def test_a_metric_of_validation_data_is_unknown_without_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["callbacks=best", "callbacks.best_checkpoint.metric=val_loss", "tracking=none"]) == 2
    assert "val_loss: there is no such metric" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("benchmark", "arguments"),
    [
        ("digits", {"validation": 0.2}),
        ("cnn", {"validation": 0.2}),
        ("xor", {"variant": "noisy", "validation": 0.25}),
        ("winding", {"validation": 0.2}),
        ("transformer", {"validation": True}),
        ("language", {"validation": 0.1}),
        ("golden", {}),
        ("plane", {}),
    ],
)
def test_what_is_held_back_is_in_no_batch_and_not_in_the_test(benchmark, arguments):
    problem = registry.lookup("benchmark", benchmark)(0, **arguments)
    shown = []

    def guess(x):
        shown.append({repr(row) for row in x.tolist()})
        return Tensor.zeros((x.shape[0], *problem.output_shape))

    figures = problem.validate(guess)
    assert tuple(figures) == problem.validated
    assert problem.validated[0] == "val_loss"
    held = set.union(*shown)
    shown.clear()
    results = problem.evaluate(guess)
    assert {name.replace("val_", "validation_"): value for name, value in figures.items()}.items() <= results.items()
    parts = len({key.partition("_")[0] for key in results})
    at_test = set.union(*shown[-(len(shown) // parts) :])
    batches = {repr(row) for generation in range(20) for row in problem.batch(generation)[0].tolist()}
    assert held
    if benchmark not in ("language", "digits", "cnn"):  # of which some are there twice
        assert held & batches == held & at_test == set()


def test_holding_nothing_back_is_the_run_of_before():
    for benchmark, arguments in (("xor", {"variant": "noisy"}), ("winding", {}), ("transformer", {}), ("digits", {})):
        problem = registry.lookup("benchmark", benchmark)(0, **arguments)
        assert problem.validated == ()
        assert problem.validate(lambda x: x) == {}


@pytest.mark.parametrize(("benchmark", "variant"), [("xor", "points"), ("xor", "parity"), ("winding", "particles")])
def test_all_there_is_cannot_be_held_back(benchmark, variant):
    with pytest.raises(ValueError, match="all there is"):
        registry.lookup("benchmark", benchmark)(0, variant=variant, validation=0.2)
