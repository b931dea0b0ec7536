"""What a call of a fitness costs besides its own time: `uv run python experiments/own_fitness/overhead.py`."""

import time
from pathlib import Path

from syntonic.benchmarks import PythonFitness
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.mlp import MLP
from syntonic.nn.training import RetrocausalTrainer
from syntonic.runners.own.loading import typed

MEMBERS = 64
GENERATIONS = 40


def least(hidden: tuple[int, ...], inputs: int, workers: int) -> tuple[int, float]:
    """Returns the number of weights, and microseconds of this process's processor time for a call: the least of 20."""
    benchmark = PythonFitness(0, function="nothing:fitness", inputs=inputs, outputs=2, workers=workers)
    model = MLP(Task(benchmark.input_shape, benchmark.output_shape), hidden=hidden)
    model.initialize(0)
    weights = sum(len(parameter.values()) for parameter in model.parameters())
    records = RetrocausalTrainer(0, population_size=MEMBERS, max_generations=GENERATIONS).run(model, benchmark)
    found = []
    for _ in range(GENERATIONS // 2):
        begun = time.process_time()
        next(records), next(records)
        found.append((time.process_time() - begun) / (2 * (MEMBERS + 1)) * 1e6)
    benchmark.close()
    return weights, min(found)


if __name__ == "__main__":
    typed([str(Path(__file__).with_name("nothing.py"))])
    for hidden, inputs in (((16,), 4), ((16,), 8), ((32,), 32), ((64, 64), 32)):
        here, (weights, apart) = least(hidden, inputs, 0)[1], least(hidden, inputs, 1)
        print(f"| {weights:,} | {here:.0f} | {apart:.0f} | {here / 10:.1f} % |")
