"""Syntonic's side of `activations.py`: generations of perturbed activations, or plain eager passes."""

import argparse
import json
from pathlib import Path

import activations_models as models
import numpy as np
from worker import serve

from syntonic.benchmarks.base import Benchmark
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.cnn1d import CNN1d
from syntonic.nn.architectures.mlp import MLP
from syntonic.nn.architectures.transformer_lm import TransformerLM
from syntonic.nn.training import RetrocausalTrainer
from syntonic.sn import Module


def workload(name: str) -> tuple[Module, Benchmark]:
    """Returns a model and what it learns."""
    batch = models.BATCHES[name]
    if name == "language":
        benchmark = registry.lookup("benchmark", "language")(0, length=models.LENGTH, batch_size=batch)
    elif name == "mnist1d":
        benchmark = registry.lookup("benchmark", "cnn")(0, data="mnist1d", batch_size=batch)
    else:
        benchmark = registry.lookup("benchmark", "digits")(0, batch_size=batch)
    task = Task(benchmark.input_shape, benchmark.output_shape, benchmark.vocabulary)
    model: Module
    if name == "language":
        model = TransformerLM(task, d_model=models.WIDTH, heads=models.HEADS, layers=models.LAYERS)
    elif name == "mnist1d":
        model = CNN1d(task, channels=models.CHANNELS, kernel_sizes=models.KERNELS)
    else:
        model = MLP(task, hidden=(32,), activation="relu")
    model.initialize(0)
    return model, benchmark


def main() -> None:
    """Serves bursts, or prints the loss of the first batch and writes weights and batch for the other side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=models.NAMES)
    parser.add_argument("--forward", action="store_true")
    parser.add_argument("--generations", type=int, default=1)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--loss", action="store_true")
    args = parser.parse_args()
    model, benchmark = workload(args.name)
    model.prepare()
    inputs, targets = benchmark.batch(0)
    if args.loss:
        parameters = {name: np.asarray(p.data.to_tensor("float64")).tolist() for name, p in model.named_parameters()}
        batch = [np.asarray(x).tolist() for x in (inputs, targets)]
        args.weights.write_text(json.dumps({"parameters": parameters, "batch": batch}))
        print(benchmark.loss(model(inputs), targets).item())
        return
    if args.forward:

        def passes(count: int) -> None:
            for _ in range(count * (models.DRAWS + 1)):
                benchmark.loss(model(inputs), targets).item()

        serve(passes, args.generations, models.DRAWS + 1)
        return
    settings = {"draws": models.DRAWS, "head": "exact", "learning_rate": 0.01, "pull_strength": 0.0}
    trainer = RetrocausalTrainer(0, estimator="activations", max_generations=1_000_000, **settings)
    # The batch is ready, as it is for the others.
    benchmark.batch = lambda generation: (inputs, targets)  # type: ignore[method-assign]
    records = iter(trainer.run(model, benchmark))

    def generations(count: int) -> None:
        for _ in range(count):
            next(records)

    serve(generations, args.generations, models.DRAWS + 1)


if __name__ == "__main__":
    main()
