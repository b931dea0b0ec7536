"""Perturbed activations on a GPU: the direction of the CPU for every model, the same bits when repeated, learning."""

import numpy as np
import pytest
from gpu_tasks import PLAIN, TASKS, Rows, engine_of

from syntonic.core import registry
from syntonic.nn.training.trainer import trace

ACTIVITY = {**PLAIN, "estimator": "activations", "lambda_syntony": 0.0, "optimizer": "momentum", "beta1": 0.0}
LAWS = {
    "all at once": {},
    "mirrored": {"mirrored": True, "draws": 3},
    "gaussian in turn": {"draw_noise": "gaussian", "draw_sites": "in_turn", "draws": 40, "sigma_unit": "spread"},
}


def stepped(device, name, task, **settings):
    """The weights after two steps, and what was recorded of them."""
    model, problem = registry.lookup("model", name)(task), Rows(task, dtype=settings["dtype"])
    model.initialize(3)
    _, engine = engine_of(device, model, **ACTIVITY, sigma=0.1, learning_rate=0.05, max_generations=2, **settings)
    objective, _ = trace(model, problem, *problem.batch(0))
    records = [engine.step(objective, list(problem.batch(0))) for _ in range(2)]
    return np.array(engine.weights()), [(r.loss, r.best_fitness, r.mean_fitness) for r in records]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("name", registry.names("model"))
def test_the_steps_of_every_model(name, kind, law):
    """In binary64 a difference of losses of size eps / sigma is all that tells the two apart."""
    try:
        registry.lookup("model", name)(TASKS[kind])
    except ValueError:
        return  # a task of another kind
    settings = {"dtype": "float64", **LAWS[law]}
    (ours, found), (want, expected) = (stepped(d, name, TASKS[kind], **settings) for d in ("cuda", "cpu"))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(ours, want, rtol=0, atol=1e-9 * np.abs(want).max())


@pytest.mark.parametrize("name", ["cnn2d", "transformer"])
def test_a_repeated_run_gives_the_same_bits(name):
    task = TASKS["image" if name == "cnn2d" else "tokens"]
    first, second = (stepped("cuda", name, task, dtype="float32") for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1] == second[1]
