"""A benchmark of your own: where the data come from, what the loss is, and what is measured at the end."""

import math
import random
from collections.abc import Mapping
from typing import Annotated

from annotated_types import Ge

import syntonic
from syntonic._core import Tensor
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A


@register("benchmark", "sine")
class Sine:
    """One period of a sine. Training samples are noisy; the test data are the sine itself, at other places."""

    input_shape: tuple[int, ...] = (1,)
    output_shape: tuple[int, ...] = (1,)
    vocabulary: int | None = None
    dtype: str = "float32"
    chance: Mapping[str, float] = {"loss": 0.5}  # of a model that always answers 0
    ceiling: Mapping[str, float] = {}

    def __init__(
        self, seed: int, *, samples: Annotated[int, Ge(2)] = 64, noise: Annotated[float, Ge(0)] = 0.05
    ) -> None:
        source = random.Random(f"sine {seed}")
        places = [source.uniform(-1, 1) for _ in range(samples)]
        heights = [math.sin(math.pi * x) + source.gauss(0, noise) for x in places]
        self._train = Tensor([[x] for x in places]), Tensor([[y] for y in heights])
        even = [i / 50 - 1 for i in range(101)]
        self._test = Tensor([[x] for x in even]), Tensor([[math.sin(math.pi * x)] for x in even])

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """The data of a generation: a function of the seed and the generation alone."""
        return self._train

    def loss(self, outputs: A, targets: A) -> A:
        """The scalar to be made small; it works on tensors and on traced symbols."""
        return F.mse_loss(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Further figures of a batch: none."""
        return {}

    def evaluate(self, model: Model) -> dict[str, float]:
        """The loss on training and test data, `train_loss` and `test_loss`."""
        return evaluate_splits(self, model, {"train": self._train, "test": self._test})


result = syntonic.run(
    ["benchmark=sine", "model.hidden=[16]", "trainer.max_generations=300", "tracking=none"],
    quiet=True,
)
assert result.status == "FINISHED", result.reason
print(f"{result.title}: mean squared error {result.metrics['test_loss']:.4f}, always zero has 0.5")
assert result.metrics["test_loss"] < 0.05
