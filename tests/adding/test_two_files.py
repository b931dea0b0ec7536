"""A model, a benchmark and a callback are two new files each, those of docs/adding-things.md, and no other change."""

from repository_copy import Copy, shown


def add(copy: Copy, section: str, room: str, group: str, name: str) -> None:
    """Writes the two files that the page shows."""
    code, words = shown(section)
    copy.write(f"syntonic/{room}/{name}.py", code)
    copy.write(f"syntonic/conf/{group}/{name}.yaml", words)
    assert len(copy.touched()) == 2


def test_a_model(copy):
    add(copy, "A model", "nn/architectures", "model", "two_towers")
    assert "FINISHED" in copy.command("model=two_towers", "model.width=4", "tracking=none")
    copy.tests("tests/nn/architectures/test_contract.py", "two_towers")


def test_a_benchmark(copy):
    add(copy, "A benchmark", "benchmarks", "benchmark", "spirals")
    assert "FINISHED" in copy.command("benchmark=spirals", "benchmark.samples=64", "tracking=none")
    copy.tests("tests/benchmarks/test_contract.py", "spirals")


def test_a_callback(copy):
    add(copy, "A callback", "nn/training/callbacks", "callbacks", "budget")
    words = ["callbacks=budget", "callbacks.budget.seconds=0.01", "trainer.max_generations=100000", "tracking=none"]
    assert "of 100000 generations" in copy.command(*words)
