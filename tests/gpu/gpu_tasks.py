"""What the tests of training on a GPU share: small tasks for every kind of model, and an engine on a device."""

import numpy as np
from kinds_of_tasks import TASKS as TASKS

from syntonic._core import Tensor
from syntonic.nn.training import RetrocausalTrainer
from syntonic.sn import functional as F

PLAIN = {"lattice": False, "error_feedback": False, "harmonize_strength": 0.0, "pull_strength": 0.0}


class Rows:
    """Random examples of a task; cross-entropy of each answer."""

    def __init__(self, task, rows=7, dtype="float64"):
        rng, shape = np.random.default_rng(rows), (rows, *task.input_shape)
        x = rng.integers(5, size=shape) if task.vocabulary else rng.standard_normal(shape)
        y = rng.integers(task.output_shape[-1], size=(rows, *task.output_shape[:-1]))
        self.both = tuple(Tensor(a.astype(float), shape=list(a.shape), dtype=dtype) for a in (x, y))

    def batch(self, _generation):
        return self.both

    def loss(self, outputs, targets):
        return F.cross_entropy(outputs, targets)

    def metrics(self, outputs, targets):
        return {"accuracy": F.accuracy(outputs, targets)}


def engine_of(device, model, trainer=RetrocausalTrainer, **settings):
    trainer = trainer(3, device, **{"population_size": 10, **settings})
    return trainer, trainer._engine_for(model)
