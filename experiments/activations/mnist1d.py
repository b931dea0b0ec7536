"""MNIST-1D, three convolutions and an affine map: how far does a single run by perturbed activations get?

uv run python experiments/activations/mnist1d.py --seed 0 --threads 2
uv run python experiments/activations/mnist1d.py --seed 0 --shift 4    # signals shifted as augmentation: another row

A generation is eight passes over 2,048 examples with input noise .3. Appends the accuracy of the centre on test data,
read once, to mnist1d.json. Seconds are those of the wall and of processor time.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any, Final

from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.cnn1d import CNN1d
from syntonic.nn.training import RetrocausalTrainer

HERE: Final = Path(__file__).parent
TRAINER: Final[dict[str, Any]] = {
    "estimator": "activations",
    "draws": 7,
    "head": "perturbed",
    "sigma": 0.05,
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
    "input_noise": 0.3,
}


def main() -> None:
    """Trains once and appends the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--generations", type=int, default=8000)
    parser.add_argument("--learning-rate", type=float, default=0.005)
    parser.add_argument("--precision", type=int, default=100)
    parser.add_argument("--shift", type=int, default=0)
    parser.add_argument("--active-only", action="store_true")
    parser.add_argument("--results", type=Path, default=HERE / "mnist1d.json")
    arguments = parser.parse_args()
    benchmark = registry.lookup("benchmark", "cnn")(arguments.seed, data="mnist1d", batch_size=arguments.batch)
    model = CNN1d(Task(benchmark.input_shape, benchmark.output_shape), channels=(arguments.channels,) * 3)
    model.initialize(arguments.seed)
    trainer = RetrocausalTrainer(
        arguments.seed,
        arguments.device,
        learning_rate=arguments.learning_rate,
        max_generations=arguments.generations,
        precision=arguments.precision,
        shift=arguments.shift,
        active_only=arguments.active_only,
        threads=arguments.threads,
        **TRAINER,
    )
    start, spent = time.perf_counter(), time.process_time()
    for record in trainer.run(model, benchmark):
        if record.generation % 200 == 0:
            print(record.generation, round(record.loss, 4), round(time.perf_counter() - start, 1), flush=True)
    found = {
        **{name: value for name, value in vars(arguments).items() if name != "results"},
        "forward_examples": record.forward_examples,
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(time.process_time() - spent, 1),
        "test_accuracy": benchmark.evaluate(model)["test_accuracy"],
    }
    print(found, flush=True)
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else []
    arguments.results.write_text(json.dumps([*results, found], indent=1) + "\n")


if __name__ == "__main__":
    main()
