"""Every model with every benchmark that it fits, found by registration: training makes it better than at its start."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import own_data
import pytest

from syntonic.benchmarks.order import order
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.sight import check_order
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.search_path import opened
from syntonic.runners.run.build import build

SEEDS = 20
ENOUGH = 18  # of 20: a fair coin comes to that many once in 5,000 tries
GENERATIONS = 8
SETTINGS = [
    f"trainer.max_generations={GENERATIONS}",
    "trainer.population_size=32",
    "trainer.sigma=0.05",
    "trainer.learning_rate=0.03",
    "trainer.learning_rate_final=1.0",
]


DATA = Path(mkdtemp(prefix="own-data-"))


@cache
def task(benchmark: str) -> Task:
    problem = registry.lookup("benchmark", benchmark)(0, **own_data.arguments(benchmark, DATA))
    return Task(problem.input_shape, problem.output_shape, problem.vocabulary, order(problem))


def fits(model: str, benchmark: str) -> bool:
    try:
        check_order(registry.lookup("model", model)(task(benchmark)), task(benchmark))
    except ValueError:
        return False
    return True


def ours(kind: registry.Kind) -> list[str]:
    """The library's own names: other tests may have registered fakes."""
    return [name for name in registry.names(kind) if registry.lookup(kind, name).__module__.startswith("syntonic.")]


PAIRS = [
    pytest.param(m, b, marks=[pytest.mark.slow] if m.startswith("transformer") else [])
    for m in ours("model")
    for b in ours("benchmark")
    if b != "weights"  # where there is nothing to learn
    and not hasattr(registry.lookup("benchmark", b), "judge")  # nor without batches
    and fits(m, b)
]


def config(*words: str) -> schema.RunConfig:
    """Returns what the command makes of words."""
    with opened(()) as loader:
        composed = compose(loader, "config", list(words), multirun=False)
    assert composed.faults == []
    return schema.check(composed.config)


@pytest.mark.parametrize(("model", "benchmark"), PAIRS)
def test_training_lowers_the_loss_of_every_pair(model: str, benchmark: str) -> None:
    own = [f"benchmark.{key}={value}" for key, value in own_data.arguments(benchmark, DATA).items()]
    better, run = 0, config(f"model={model}", f"benchmark={benchmark}", *own, *SETTINGS)
    for seed in range(SEEDS):
        parts = build(replace(run, seed=seed))
        # A batch that training does not see.
        inputs, targets = parts.benchmark.batch(10_000)
        first = parts.benchmark.loss(parts.model(inputs), targets).item()
        generations = sum(1 for _ in parts.trainer.run(parts.model, parts.benchmark))
        assert generations == GENERATIONS
        better += parts.benchmark.loss(parts.model(inputs), targets).item() < first
    assert better >= ENOUGH


@pytest.mark.parametrize("model", ours("model"))
def test_a_model_alone_finds_a_benchmark_that_it_fits(model: str) -> None:
    parts = build(config(f"model={model}"))
    inputs, targets = parts.benchmark.batch(1)
    assert parts.benchmark.loss(parts.model(inputs), targets).item() > 0


def test_what_the_command_line_says_goes_first() -> None:
    with opened(()) as loader:
        composed = compose(loader, "config", ["model=transformer_lm", "benchmark=transformer"], multirun=False)
    assert schema.check(composed.config).benchmark["name"] == "transformer"
