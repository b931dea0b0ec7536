"""Callbacks of the documents that write files, and the list of the usual ones."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from syntonic._core import PHI_INVERSE
from syntonic.nn.training import ArchonicEarlyStop, Callback, FitnessPlateau, Request, SyntonyCallback
from syntonic.nn.training.metrics import WeightStatistics, weight_statistics
from syntonic.sn import Module
from syntonic.tracking.plain import write_json


class MetricsLogger:
    """Writes what every generation reports as a JSON list of {"generation", "metrics"}, at the end of the training.

    Args:
        log_path: the file; folders that are missing are made.
        include_weights: whether each entry has the largest absolute weight (`weight_max`) and the mean Euclidean norm
            of the parameters (`weight_norm_mean`) as well; only a trainer that has a model can tell.

    Attributes:
        entries: so far.
    """

    def __init__(self, log_path: str | Path, include_weights: bool = False) -> None:
        self.log_path: Final = Path(log_path)
        self.include_weights: Final = include_weights
        self.entries: list[dict[str, Any]] = []

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Takes a generation; asks for nothing."""
        self.entries.append({"generation": generation, "metrics": dict(metrics)})
        return Request.NOTHING

    def on_generation_end(self, trainer: Any, generation: int, metrics: Mapping[str, float]) -> None:  # noqa: ANN401
        """Takes a generation of a trainer, and its weights if so configured."""
        if not self.entries or self.entries[-1]["generation"] != generation:
            self.after(generation, metrics)
        model = getattr(trainer, "model", None)
        if self.include_weights and isinstance(model, Module):
            found = list(weight_statistics(model).values())
            self.entries[-1]["weight_norm_mean"] = math.fsum(each.norm for each in found) / len(found)
            self.entries[-1]["weight_max"] = max(map(_largest, found))

    def on_train_end(self, trainer: Any) -> None:  # noqa: ANN401 (any trainer)
        """Writes the file."""
        self.save()

    def save(self) -> None:
        """Writes the file, whole or not at all.

        Raises:
            OSError: if the disk refuses it.
        """
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.log_path, self.entries)

    def state(self) -> dict[str, Any]:
        """Returns the entries so far."""
        return {"entries": list(self.entries)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self.entries = [dict(entry) for entry in state["entries"]]


def default_callbacks(
    log_path: str | Path | None = None, *, patience: int = 20, target_syntony: float = PHI_INVERSE
) -> list[Callback]:
    """Returns the usual callbacks: the history of syntony, an end when archonic, a wider population on a plateau.

    Args:
        log_path: a file for a `MetricsLogger`; None: none.
        patience: generations without improvement that both wait for.
        target_syntony: syntony that is enough.
    """
    usual: list[Callback] = [
        SyntonyCallback(),
        ArchonicEarlyStop(patience=patience, target=target_syntony),
        FitnessPlateau(patience=patience),
    ]
    return usual if log_path is None else [*usual, MetricsLogger(log_path)]


def _largest(values: WeightStatistics) -> float:
    return max(abs(values.minimum), abs(values.maximum))
