"""`init_from=RUN` begins with the parameters of another run, which belong to the identity of the new one."""

import json

import pytest
from runner_folders import arrays, facts, runs

import syntonic
from syntonic.runners.cli import main
from syntonic.runners.config.run_config import RunConfig, digest

QUICK = ["tracking=none", "trainer.population_size=8", "trainer.max_generations=40", "model.hidden=[5]"]
STILL = ["trainer.max_generations=1", "trainer.learning_rate=1e-9", "trainer.harmonize_strength=0"]
STILL += ["trainer.pull_strength=0", "trainer.population_size=8", "tracking=none", "model.hidden=[5]"]
POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]


def test_it_begins_where_the_other_ended(folder):
    first = syntonic.run(QUICK, quiet=True)
    second = syntonic.run([*STILL, "init_from=last", "seed=9"], quiet=True)
    assert second.config["init_from"] == first.id
    assert syntonic.load(second).model(POINTS) == syntonic.load(first).model(POINTS)
    assert second.results["test_loss"] == first.results["test_loss"]
    without = syntonic.run([*STILL, "seed=9"], quiet=True)
    assert without.results["test_loss"] != first.results["test_loss"]
    assert "init_from" not in without.config


def test_other_parameters_are_another_run(folder, capsys):
    first = syntonic.run(QUICK, quiet=True)
    sweep = ["-m", *QUICK, f"init_from={first.id}", "seed=1,2"]
    assert main(sweep) == 0
    assert len(runs(folder)) == 3
    assert main(sweep) == 0
    assert len(runs(folder)) == 3
    (name,) = {name for run in runs(folder)[1:] for name in facts(run)["inputs"]}
    assert name == f"the parameters of run {first.id}"
    other = syntonic.run([*QUICK, "seed=3"], quiet=True)
    place = first.folder / "model" / "parameters.safetensors"
    place.write_bytes((other.folder / "model" / "parameters.safetensors").read_bytes())
    assert main(sweep) == 0
    assert len(runs(folder)) == 6


def test_it_resumes_to_the_bits_of_the_whole(folder, capsys):
    first = syntonic.run(QUICK, quiet=True)
    whole = syntonic.run([*QUICK, "init_from=last", "callbacks.checkpoint.every_generations=10"], quiet=True)
    expected = arrays(whole.folder)
    record = json.loads((whole.folder / "run.json").read_text())
    (whole.folder / "run.json").write_text(json.dumps({**record, "status": "KILLED", "results": {}}))
    newest = max((whole.folder / "checkpoints").glob("gen-*"))
    for path in newest.iterdir():
        path.unlink()
    newest.rmdir()
    assert main([f"resume={whole.id}"]) == 0
    assert arrays(whole.folder) == expected
    (whole.folder / "run.json").write_text(json.dumps({**record, "status": "KILLED", "results": {}}))
    place = first.folder / "model" / "parameters.safetensors"
    place.write_bytes((whole.folder / "model" / "parameters.safetensors").read_bytes())
    capsys.readouterr()
    assert main([f"resume={whole.id}"]) == 2
    assert f"the parameters of run {first.id} has changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["init_from=nothing"], "there is no such run"),
        (["init_from=last", "model.hidden=[6]"], "do not fit this model: layers"),
        (["-m", "init_from=last,2026x"], "say its id"),
    ],
)
def test_what_does_not_fit_is_told(folder, capsys, words, told):
    assert main(QUICK) == 0
    assert main([*words[:1], *QUICK, *words[1:]]) == 2
    assert told in capsys.readouterr().err
    assert len(runs(folder)) == 1


def test_a_run_without_a_model_is_told(folder, command, capsys):
    assert command() == 0
    assert main([*QUICK, "init_from=last"]) == 2
    assert "keeps no model" in capsys.readouterr().err


def test_configs_of_earlier_versions_keep_their_digest():
    config = RunConfig({"name": "mlp"}, {"name": "xor"}, {"name": "es"}, {"name": "none"}, {}, 0, "cpu", "x")
    assert "init_from" not in config.plain()
    assert config.digest({}) == digest({**config.plain()}, {})
