"""The strategies of the core as trainers, made from their descriptions: a class for each name."""

from typing import Final

from syntonic._core import trainer_strategies
from syntonic.core.registry import register
from syntonic.nn.training.trainer import RetrocausalTrainer


def _trainer(name: str, doc: str) -> type[RetrocausalTrainer]:
    facts = {"strategy": name, "__doc__": f"Trains by {name}: {doc}.", "__module__": __name__}
    return register("trainer", name)(type(name.upper(), (RetrocausalTrainer,), facts))


STRATEGIES: Final = {
    name: RetrocausalTrainer if name == RetrocausalTrainer.strategy else _trainer(name, doc)
    for name, doc in trainer_strategies()
}
"""Every trainer of the core by the name of its strategy."""
