"""Syntonic on the two benchmarks of this study, with the settings of the sentences `xor` and `digits` in `configs/`."""

import functools
import subprocess
from typing import Any

import yaml

from syntonic.benchmarks import Digits, Xor
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer

HELD = 10  # the centre must stay right this many generations


@functools.cache
def settings(sentence: str, *words: str) -> dict[str, Any]:
    """Returns the config that `syntonic-run -cn <sentence> <words>` would run."""
    command = ["syntonic-run", "--cfg", "-cn", sentence, *words]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {
        section: {key: value for key, value in content.items() if key != "name"}
        for section, content in yaml.safe_load(printed).items()
        if section in ("model", "benchmark", "trainer")
    }


def xor_generations(trainer: str, population: int, seed: int) -> int | None:
    """Returns the first generation after which the centre is right on all four points and stays so; None if never."""
    config = settings("xor", f"trainer={trainer}", f"trainer.population_size={population}")
    benchmark = Xor(seed, **config["benchmark"])
    model = MLP(Task(benchmark.input_shape, benchmark.output_shape), **config["model"])
    model.initialize(seed)
    right = 0
    for record in RetrocausalTrainer(seed, "cpu", **config["trainer"]).run(model, benchmark):
        right = right + 1 if benchmark.evaluate(model)["train_accuracy"] == 1.0 else 0
        if right == HELD:
            return record.generation - HELD + 1
    return None


def digits_accuracy(trainer: str, seed: int, marks: tuple[int, ...]) -> dict[str, float]:
    """Returns the centre's test accuracy at each mark of one run that ends with the last of them."""
    config = settings("digits", f"trainer={trainer}", f"trainer.max_generations={marks[-1]}")
    benchmark = Digits(seed, **config["benchmark"])
    model = MLP(Task(benchmark.input_shape, benchmark.output_shape), **config["model"])
    model.initialize(seed)
    accuracy: dict[str, float] = {}
    for record in RetrocausalTrainer(seed, "cpu", **config["trainer"]).run(model, benchmark):
        if record.generation in marks:
            accuracy[str(record.generation)] = benchmark.evaluate(model)["test_accuracy"]
    return accuracy
