"""Training learns: held-out digits, far above what a broken step would reach."""

from typing import Any

import pytest

from syntonic.benchmarks import Digits
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer

PLAIN: dict[str, Any] = {"lattice": False, "harmonize_strength": 0.0, "pull_strength": 0.0, "lambda_syntony": 0.0}


@pytest.mark.parametrize(
    "settings", [{}, {"pull_strength": 0.0}, PLAIN, {"rank": 1}], ids=["retrocausal", "res", "es", "rank1"]
)
def test_200_generations_recognise_held_out_digits(settings: dict[str, Any]) -> None:
    # Ten seeds lie between .947 and .975; with the centre replaced by its best member it was .84.
    benchmark = Digits(0)
    model = MLP(Task((64,), (10,)), hidden=(32,), activation="relu")
    model.initialize(0)
    for _ in RetrocausalTrainer(0, population_size=256, **settings).run(model, benchmark):
        pass
    assert benchmark.evaluate(model)["test_accuracy"] > 0.93
