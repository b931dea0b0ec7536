"""Under which names a run's metrics stand in a store: a dashboard draws those with a common prefix under one heading.

A run's journal, its results, and what a config says have the plain names; they are renamed where they are uploaded, and
named back where a store is read. A run whose first part was uploaded under plain names keeps them.
"""

from collections.abc import Mapping
from typing import Final

_GROUPS: Final = {
    "train": ("loss", "accuracy", "rmse", "bits_per_byte"),  # of the centre, on the batch of a generation
    "population": (
        "best_fitness",
        "mean_fitness",
        "nan_members",
        "syntony",
        "attractors",
        "sigma",
        "step_size",
        "archonic",
    ),
    "speed": ("evaluations_per_second", "forward_examples"),
}
_LEFT_OUT: Final = ("seconds",)  # of a generation: its evaluations per second say the same
_COSTS: Final = ("generations_to_", "evaluations_to_", "seconds_to_")  # of a target, in a run's results
_HELD_OUT: Final = "val_"
_STORED: Final = {name: f"{group}/{name}" for group, names in _GROUPS.items() for name in names}
_PLAIN: Final = {stored: name for name, stored in _STORED.items()}


def point(metrics: Mapping[str, float]) -> dict[str, float]:
    """Returns the metrics of a generation by their names in a store.

    >>> point({"loss": 0.5, "val_loss": 0.6, "seconds": 1.0, "own": 2.0})
    {'train/loss': 0.5, 'val/loss': 0.6, 'own': 2.0}
    """
    return {_stored(name): value for name, value in metrics.items() if name not in _LEFT_OUT}


def results(found: Mapping[str, float]) -> dict[str, float]:
    """Returns a run's results by their names in a store: the same, but for what reaching a target took.

    >>> results({"test_accuracy": 1.0, "seconds_to_accuracy_0.9": 0.1})
    {'test_accuracy': 1.0, 'speed/seconds_to_accuracy_0.9': 0.1}
    """
    return {f"speed/{name}" if name.startswith(_COSTS) else name: value for name, value in found.items()}


def plain(stored: str) -> str:
    """Returns the name that a config and a run's results have for a metric of a store.

    >>> plain("train/loss"), plain("speed/seconds_to_accuracy_0.9"), plain("val/loss"), plain("signal/0.weight")
    ('loss', 'seconds_to_accuracy_0.9', 'val_loss', 'signal/0.weight')
    """
    group, _, name = stored.partition("/")
    if group == "val" and name:
        return _HELD_OUT + name
    if group == "speed" and name.startswith(_COSTS):
        return name
    return _PLAIN.get(stored, stored)


def _stored(name: str) -> str:
    if name.startswith(_HELD_OUT):
        return f"val/{name.removeprefix(_HELD_OUT)}"
    return _STORED.get(name, name)
