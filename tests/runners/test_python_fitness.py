"""A fitness of one's own: every trainer, in this process and in others, interrupted, killed, slow, wrong."""

import json
import os
import signal
import threading
import time

import pytest
from runner_folders import runs

from syntonic.benchmarks import PythonFitness
from syntonic.core import own_code
from syntonic.runners.cli import main
from syntonic.runners.own.loading import typed
from syntonic.runners.run import life

MINE = '''
import math, os, time

def fitness(parameters):
    """The sum of squares from 0.5, made large by being small."""
    return -sum((v - 0.5) ** 2 for part in parameters.values() for v in memoryview(part.reshape((part.size,))))

def noisy(parameters, seed):
    return fitness(parameters) + (seed % 1000) / 1000

def together(population):
    return [fitness(parameters) for parameters in population]

def some_fail(parameters):
    value = fitness(parameters)
    if int(-value * 1e4) % 3 == 0:
        raise RuntimeError("too far")
    return value if int(-value * 1e4) % 3 == 1 else math.nan

def fails(parameters):
    return 1 / 0

def words(parameters):
    return "good"

def slow(parameters):
    time.sleep(0.02)
    return fitness(parameters)

def hangs(parameters):
    if fitness(parameters) < -3.0:
        time.sleep(60)
    return fitness(parameters)

def dies(parameters):
    if fitness(parameters) < -3.0:
        os._exit(3)
    return fitness(parameters)

not_one = 3
'''
SMALL = ["benchmark=python", "benchmark.inputs=3", "model.hidden=[2]", "trainer.population_size=8", "tracking=none"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def carried_out(*words, code=0):
    before = set(runs_there())
    assert main([*SMALL, *words]) == code
    (run,) = set(runs_there()) - before
    return json.loads((run / "run.json").read_text())


def runs_there():
    from pathlib import Path

    return runs(Path()) if Path(".syntonic").exists() else []


@pytest.mark.parametrize("trainer", ["retrocausal", "res", "es", "snes", "pgpe"])
def test_every_trainer_moves_towards_it(trainer, folder):
    first = carried_out("benchmark.function=mine:fitness", f"trainer={trainer}", "trainer.max_generations=1")
    last = carried_out("benchmark.function=mine:fitness", f"trainer={trainer}", "trainer.max_generations=60")
    assert last["results"]["fitness"] > first["results"]["fitness"] + 0.5
    assert last["evaluations"] == 60 * 8
    assert set(last["inputs"]) == {"mine.py"}


def test_who_calls_it_changes_no_bit(folder):
    many = [
        carried_out(f"benchmark.function=mine:{function}", "trainer.max_generations=5", *words)["results"]["fitness"]
        for function, words in (
            ("fitness", []),
            ("fitness", ["benchmark.workers=1"]),
            ("fitness", ["benchmark.workers=3", "benchmark.timeout=30"]),
            ("together", ["benchmark.population=true"]),
        )
    ]
    assert len(set(many)) == 1


class Weights:
    """A model of three numbers."""

    shape = (3,)

    def named_parameters(self):
        return [("w", self)]


ONE = Weights()


def members(count, value=0.0):
    from syntonic._core import Tensor

    return [[Tensor([value + i * 0.01] * 3, (3,), "float64")] for i in range(count)]


def test_a_killed_worker_loses_nothing(folder):
    typed(["mine.py"])
    alone, pooled = (PythonFitness(0, function="mine:slow", workers=workers) for workers in (0, 2))
    expected = alone.judge(0, members(12), ONE)
    killed = []

    def kill():
        while not (pooled._pool and any(worker.member is not None for worker in pooled._pool._workers)):
            time.sleep(0.001)
        time.sleep(0.03)
        worker = next(worker for worker in pooled._pool._workers if worker.member is not None)
        killed.append(worker.process.pid)
        os.kill(worker.process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert pooled.judge(0, members(12), ONE) == expected
    killer.join()
    assert killed
    assert pooled.problems() == []
    pooled.close()


def test_a_member_that_takes_too_long_or_ends_its_process_is_a_bad_one(folder):
    typed(["mine.py"])
    for function, fault in (("hangs", "it took longer than 0.5 s"), ("dies", "it ended 2 processes")):
        judged = PythonFitness(0, function=f"mine:{function}", workers=2, timeout=0.5 if function == "hangs" else None)
        start = time.monotonic()
        found = judged.judge(0, [*members(3), *members(2, value=-1.0)], ONE)
        assert time.monotonic() - start < 60
        assert [value == value for value in found] == [True, True, True, False, False]
        assert fault in judged.problems()[0]
        assert judged.problems()[0].startswith("2 times")
        judged.close()


def test_an_exception_or_nan_is_a_bad_member_and_is_counted(folder, capsys):
    record = carried_out("benchmark.function=mine:some_fail", "trainer.max_generations=3", "trainer.sigma=0.5")
    said = capsys.readouterr().out
    assert "had no score for a member; the first time:" in said
    (run,) = runs_there()
    lines = [json.loads(line)["metrics"] for line in (run / "journal.jsonl").read_text().splitlines()]
    assert sum(line["nan_members"] for line in lines) > 0
    assert record["status"] == "FINISHED"


@pytest.mark.parametrize(("function", "fault"), [("fails", "ZeroDivisionError"), ("words", "a score is one float")])
def test_a_function_that_never_works_ends_the_run_at_once(function, fault, folder, capsys):
    record = carried_out(f"benchmark.function=mine:{function}", code=1)
    assert record["status"] == "FAILED"
    assert "has a score for no member" in record["reason"]
    assert fault in record["reason"]


def test_the_seed_is_the_same_for_all_members_and_another_in_each_generation(folder):
    typed(["mine.py"])
    judged, again = PythonFitness(3, function="mine:noisy"), PythonFitness(3, function="mine:noisy")
    first, second = (judged.judge(g, [*members(1), *members(1)], ONE) for g in (0, 1))
    assert first[0] == first[1] != second[0] == second[1]
    assert again.judge(0, members(1), ONE) == first[:1]


def test_a_resumed_run_has_the_bits_of_a_whole_one(folder, monkeypatch):
    whole = carried_out("benchmark.function=mine:noisy", "trainer.max_generations=12")
    real = life.judged

    def interrupted(config, parts, records):
        for record in real(config, parts, records):
            if record.generation == 5:
                os.kill(os.getpid(), signal.SIGINT)
            yield record

    monkeypatch.setattr(life, "judged", interrupted)
    stopped = carried_out("benchmark.function=mine:noisy", "trainer.max_generations=12", code=130)
    monkeypatch.setattr(life, "judged", real)
    assert main(["resume=last"]) == 0
    (folder_of,) = [run for run in runs_there() if json.loads((run / "run.json").read_text())["id"] == stopped["id"]]
    assert json.loads((folder_of / "run.json").read_text())["results"]["fitness"] == whole["results"]["fitness"]


def test_a_resume_is_refused_when_the_function_has_changed(folder, monkeypatch, capsys):
    real = life.judged

    def interrupted(config, parts, records):
        for record in real(config, parts, records):
            os.kill(os.getpid(), signal.SIGINT)
            yield record

    monkeypatch.setattr(life, "judged", interrupted)
    carried_out("benchmark.function=mine:fitness", code=130)
    monkeypatch.setattr(life, "judged", real)
    (folder / "mine.py").write_text(MINE + "\n# another\n")
    capsys.readouterr()
    assert main(["resume=last"]) == 2
    assert "mine.py has changed since" in capsys.readouterr().err


def test_a_sweep_compares_by_the_fitness(folder, capsys):
    assert (
        main(["-m", *SMALL, "benchmark.function=mine:fitness", "trainer.sigma=0.01,0.3", "trainer.max_generations=20"])
        == 0
    )
    said = capsys.readouterr().out
    heading = next(line for line in said.splitlines() if line.split()[:2] == ["run", "status"])
    assert heading.split()[2] == "fitness"
    assert "best: trainer.sigma=" in said
    assert ", fitness -" in said
    assert "chosen by the test" not in said


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ([], "needs a function: benchmark.function=mine:fitness"),
        (["benchmark.function=mine"], "expected module:function"),
        (["benchmark.function=mine:fitnes"], "has no such function; it has"),
        (["benchmark.function=mine:not_one"], "has no such function"),
        (["benchmark.function=os:getcwd"], "no code 'os' was loaded; add --use os.py"),
        (["benchmark.function=theirs:fitness"], "no code 'theirs' was loaded; add --use theirs.py"),
        (["benchmark.function=mine:fitness", "benchmark.timeout=1"], "timeout needs workers"),
        (["benchmark.function=mine:fitness", "trainer=activity"], "take trainer.estimator=weights"),
        (["benchmark.function=mine:together", "benchmark.population=true", "benchmark.workers=2"], "leave out workers"),
    ],
)
def test_what_does_not_go_is_one_line(words, fault, folder, capsys, monkeypatch):
    monkeypatch.setattr(own_code, "_allowed", {})
    assert main([*SMALL, *words]) == 2
    said = capsys.readouterr().err
    assert fault in said
    assert len(said.splitlines()) == 1
    assert not (folder / ".syntonic").exists()


def test_a_config_alone_loads_no_code(folder, capsys, monkeypatch):
    monkeypatch.setattr(own_code, "_allowed", {})
    (folder / "conf").mkdir()
    (folder / "conf/theirs.yaml").write_text(
        "defaults: [config, {override benchmark: python}, _self_]\nbenchmark: {function: mine:fitness}\n"
    )
    (folder / "mine.py").write_text("open('executed', 'w').close()\n" + MINE)
    main(["-cd", "conf", "-cn", "theirs", "tracking=none"])
    assert "no code 'mine' was loaded" in capsys.readouterr().err
    assert not (folder / "executed").exists()
