"""Syntonic on one task: whole generations of `RetrocausalTrainer.run`, each record read as the runner reads it."""

import argparse

from worker import serve

from syntonic.benchmarks import Digits, Xor
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer


def main() -> None:
    """Serves one (task, population, rank) until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["xor", "digits"])
    parser.add_argument("--population", type=int, required=True)
    parser.add_argument("--generations", type=int, required=True)
    parser.add_argument("--rank", type=int, default=None)
    args = parser.parse_args()
    xor = args.task == "xor"
    benchmark = Xor(0) if xor else Digits(0)
    hidden, activation = ((16,), "tanh") if xor else ((32,), "relu")
    rate, sigma = (0.2, 0.3) if xor else (0.03, 0.1)

    def burst(count: int) -> None:
        model = MLP(Task(benchmark.input_shape, benchmark.output_shape), hidden=hidden, activation=activation)
        model.initialize(0)
        trainer = RetrocausalTrainer(
            0,
            "cpu",
            population_size=args.population,
            sigma=sigma,
            learning_rate=rate,
            rank=args.rank,
            max_generations=count,
        )
        for record in trainer.run(model, benchmark):
            record.metrics()

    serve(burst, args.generations, args.population)


if __name__ == "__main__":
    main()
