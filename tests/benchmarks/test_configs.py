"""The documented benchmarks: each starts by its name in an empty folder, and its results answer its question."""

import json
from pathlib import Path

import pytest

from syntonic.runners.cli import main


@pytest.fixture
def results(tmp_path, monkeypatch, capsys):
    """Runs a config, small; returns the results by what was set."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *overrides: str) -> dict[str, dict[str, float]]:
        assert main(["-cn", name, "tracking=none", *overrides]) == 0
        records = [json.loads(path.read_text()) for path in Path(".syntonic/runs").glob("*/run.json")]
        assert {record["status"] for record in records} == {"FINISHED"}
        return {record["sweep"]["point"] if record["sweep"] else "": record["results"] for record in records}

    return run


def test_retrocausal_xor_compares_generations_to_solve_it_on_paired_seeds(results, capsys):
    found = results("retrocausal_xor", "sweep.seeds=2")
    assert found.keys() == {f"trainer={name} seed={seed}" for name in ("retrocausal", "es") for seed in (0, 1)}
    assert all(1 < run["generations_to_accuracy_0.99"] < 200 for run in found.values())
    assert "generations_to_accuracy_0.99" in capsys.readouterr().out


def test_simple_retrocausal_tells_when_a_syntony_was_reached(results):
    found = results("simple_retrocausal", "sweep.seeds=1")
    assert set(found) == {"trainer=retrocausal", "trainer=res"}
    for run in found.values():
        costs = [run[f"generations_to_syntony_{target}"] for target in (0.7, 0.8, 0.9)]
        assert 1 < costs[0] < costs[1] < costs[2] < 200


def test_winding_xor_stands_beside_an_mlp(results):
    found = results("winding_xor", "sweep.seeds=1", "trainer.max_generations=60", "trainer.population_size=64")
    assert found.keys() == {"model=winding", "model=mlp"}
    assert all(0 < run["test_accuracy"] <= 1 for run in found.values())


def test_the_nine_particles_stand_beside_their_ceiling(results, capsys):
    (run,) = results("winding_particles").values()
    assert run["train_accuracy"] == run["test_accuracy"] == pytest.approx(8 / 9)
    table = capsys.readouterr().out
    assert "ceiling" in table
    assert table.count("0.8889") >= 3


@pytest.mark.slow
def test_convergence_tells_costs_rate_stability_correlation_and_what_gradients_reach(results):
    found = results("convergence", "sweep.seeds=1", "trainer.max_generations=150")
    for run in found.values():
        assert run["generations_to_accuracy_0.9"] <= run["generations_to_accuracy_0.95"]
        assert run["evaluations_to_accuracy_0.9"] == 256 * run["generations_to_accuracy_0.9"]
        assert run["convergence_rate"] > 0
        assert 0 < run["convergence_stability"] < 1
        assert -1 <= run["convergence_correlation"] <= 1
        assert run["backprop_test_accuracy"] > 0.8
        assert run["backprop_evaluations"] == 300 * 3
        assert run["backprop_seconds"] > 0


@pytest.mark.slow
def test_comparative_has_four_problems_three_trainers_and_gradients(results):
    found = results("comparative", "sweep.seeds=1", "trainer.max_generations=20", "trainer.population_size=32")
    assert len(found) == 12
    for run in found.values():
        assert {"test_accuracy", "validation_accuracy", "backprop_test_accuracy"} <= run.keys()
    # The data is the seed's alone, so that what gradients reach on it is the same beside every trainer.
    for variant in ("xor", "moons", "circles", "spiral"):
        reached = {run["backprop_test_accuracy"] for point, run in found.items() if f"={variant} " in point}
        assert len(reached) == 1


def test_ablation_switches_each_part_off_alone_and_all_together(tmp_path, results):
    found = results("ablation", "sweep.seeds=1", "trainer.max_generations=10", "trainer.population_size=16")
    assert len(found) == 7
    settings = {}
    for path in (tmp_path / ".syntonic" / "runs").glob("*/run.json"):
        record = json.loads(path.read_text())
        trainer = record["config"]["trainer"]
        off = {
            name
            for name, is_off in (
                ("lattice", not trainer["lattice"]),
                ("error_feedback", not trainer["error_feedback"]),
                ("harmonization", trainer["harmonize_strength"] == 0),
                ("pull", trainer["pull_strength"] == 0),
                ("syntony", trainer["lambda_syntony"] == 0),
            )
            if is_off
        }
        settings[record["sweep"]["point"].split()[0].partition("without_")[2]] = off
    everything = {"lattice", "error_feedback", "harmonization", "pull", "syntony"}
    assert settings == {
        "nothing": set(),
        "lattice": {"lattice", "error_feedback"},
        "error_feedback": {"error_feedback"},
        "harmonization": {"harmonization"},
        "pull": {"pull"},
        "syntony": {"syntony"},
        "all": everything,
    }


@pytest.mark.slow
def test_standard_tells_what_digits_cost(results):
    (run,) = results("standard", "sweep.seeds=1", "trainer.max_generations=200").values()
    assert run["test_accuracy"] > 0.93
    assert 0 < run["evaluations_to_accuracy_0.95"] <= 200 * 256
