"""Module paths of the documents resolve, and those of benchmarks start what answers their question."""

import importlib.resources
import subprocess
import sys

import pytest

import syntonic  # noqa: F401  (knows the paths)
from syntonic import compat
from syntonic.runners.command.table import COMMANDS

NN = """
    layers.differentiation layers.harmonization layers.recursion layers.normalization layers.syntonic_norm
    layers.syntonic_gate layers.resonant_linear layers.resonant_parameter
    loss.syntonic_loss loss.phase_alignment loss.phase_loss loss.regularization loss.syntony_metrics
    loss.recursion_loss loss.q_loss training.trainer training.config training.callbacks_pure training.metrics_pure
    winding.embedding winding.fibonacci_hierarchy winding.prime_selection_pure winding.syntony_pure
    winding.resonant_embedding_pure winding.resonant_dhsr_block winding.dhsr_block winding.winding_net
    architectures.syntonic_mlp_pure architectures.syntonic_attention_pure architectures.syntonic_transformer_pure
    architectures.syntonic_cnn_pure architectures.embeddings_pure architectures.pure
    analysis.escape analysis.health analysis.visualization
    benchmarks benchmarks.ablation benchmarks.convergence benchmarks.standard
""".split()
BENCHMARKS = """
    retrocausal_xor_benchmark simple_retrocausal_benchmark winding_xor_benchmark winding_benchmark
    convergence_benchmark comparative_resonant_benchmark ablation convergence standard
    gradient_analyzer spectral_analysis datasets fitness
""".split()
CORE = ["sn", "exact", "core.state", "core.fibonacci", "core.golden", "core.phase"]


@pytest.mark.parametrize("path", [*CORE, *(f"nn.{p}" for p in NN), *(f"benchmarks.{p}" for p in BENCHMARKS)])
def test_a_documented_module_resolves(path):
    module = importlib.import_module(f"syntonic.{path}")
    assert module.__name__ == f"syntonic.{path}"


@pytest.mark.parametrize(("module", "start"), compat.RUNS.items())
def test_what_a_module_of_a_benchmark_starts_is_there(module, start):
    if start[0] == "-cn":
        place = importlib.resources.files("syntonic.configs") / f"{start[1]}.yaml"
        assert place.is_file(), f"{module} starts a config that is not there"
    else:
        assert start[0] in COMMANDS


def test_python_m_runs_a_benchmark_and_analyses_it(tmp_path):
    def python_m(*words):
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )

    quick = ["trainer.max_generations=2", "trainer.population_size=8", "tracking=none"]
    done = python_m("syntonic.benchmarks.winding_benchmark", *quick)
    assert done.returncode == 0, done.stderr
    assert "FINISHED after 2 of 2 generations" in done.stdout
    done = python_m("syntonic.benchmarks.gradient_analyzer", "--directions=2")
    assert done.returncode == 0, done.stderr
    assert "slope" in done.stdout
    done = python_m("syntonic.nn.training.config")  # a module of names starts nothing
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
