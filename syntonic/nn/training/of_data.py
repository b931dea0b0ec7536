"""Two ways of calling a trainer: with a seed, as runs do, and with a model and its data, as the documents do."""

from typing import Self

from syntonic import compat
from syntonic.sn import Module


class CalledWithData:
    """A trainer that a model as its first argument makes one that holds the model and its data."""

    def __new__(cls, *given: object, **named: object) -> Self:
        """Returns a trainer, not yet made."""
        model = given[0] if given else named.get("model")
        if isinstance(model, Module) or all(hasattr(model, name) for name in ("forward", "get_weights", "set_weights")):
            holding = compat.resolve("syntonic.nn.training.config", "DataTrainer")
            if isinstance(holding, type) and issubclass(holding, cls):
                return super().__new__(holding)
        return super().__new__(cls)
