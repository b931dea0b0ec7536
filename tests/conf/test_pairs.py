"""Every model with every benchmark that it fits, found by registration: training makes it better than at its start."""

import pytest

from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.runners import schema
from syntonic.runners.build import build
from syntonic.runners.compose import compose
from syntonic.runners.words import opened

SEEDS = 3
SETTINGS = {"population_size": 64, "sigma": 0.05, "learning_rate": 0.03, "learning_rate_final": 1.0}


def fits(model: str, benchmark: str) -> bool:
    task = registry.lookup("benchmark", benchmark)(0)
    try:
        registry.lookup("model", model)(Task(task.input_shape, task.output_shape, task.vocabulary))
    except ValueError:
        return False
    return True


def ours(kind: registry.Kind) -> list[str]:
    """The library's own names: other tests may have registered fakes."""
    return [name for name in registry.names(kind) if registry.lookup(kind, name).__module__.startswith("syntonic.")]


PAIRS = [(m, b) for m in ours("model") for b in ours("benchmark") if fits(m, b)]


@pytest.mark.parametrize(("model", "benchmark"), PAIRS)
def test_training_lowers_the_loss_of_every_pair(model: str, benchmark: str) -> None:
    for seed in range(SEEDS):
        task = registry.lookup("benchmark", benchmark)(seed)
        made = registry.lookup("model", model)(Task(task.input_shape, task.output_shape, task.vocabulary))
        made.initialize(seed)
        inputs, targets = task.batch(10_000)
        losses = []
        for _ in range(2):
            losses.append(task.loss(made(inputs), targets).item())
            for _ in RetrocausalTrainer(seed, max_generations=12, **SETTINGS).run(made, task):
                pass
        # The batch is one that training did not see.
        assert losses[1] < losses[0], (seed, losses)


@pytest.mark.parametrize("model", ours("model"))
def test_a_model_alone_finds_a_benchmark_that_it_fits(model: str) -> None:
    with opened(()) as loader:
        composed = compose(loader, "config", [f"model={model}"], multirun=False)
    assert composed.faults == []
    parts = build(schema.check(composed.config))
    inputs, targets = parts.benchmark.batch(1)
    assert parts.benchmark.loss(parts.model(inputs), targets).item() > 0


def test_what_the_command_line_says_goes_first() -> None:
    with opened(()) as loader:
        composed = compose(loader, "config", ["model=transformer_lm", "benchmark=transformer"], multirun=False)
    assert schema.check(composed.config).benchmark["name"] == "transformer"
