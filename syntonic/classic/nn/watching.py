"""Two callbacks by the arguments of the documents: an end when archonic, and the best weights as JSON."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from syntonic._core import PHI_INVERSE
from syntonic.core.archonic import NOISE_FLOOR
from syntonic.nn.training import ArchonicEarlyStop, Request
from syntonic.sn import Module
from syntonic.tracking.plain import write_json


class PureArchonicEarlyStop(ArchonicEarlyStop):
    """Asks for the end, or for an escape, once a training is archonic and fitness no longer improves.

    Args:
        patience: generations without improvement of the mean fitness.
        variance_threshold: variance of syntony up to which it stands still; None: that of `core.archonic`. The .01 of
            the documents is met by no syntony that could be called archonic.
        min_improvement: what counts as one.
        escape_noise_scale: size of the noise, in standard deviations of each parameter.
        escape_instead: whether noise is asked for in place of the end.
        verbose: whether a line is printed when it asks.
        target_syntony: syntony that is enough, above 0 and at most 1.

    Attributes:
        should_stop: whether it has asked for the end.
        archonic_count: how often it has asked.

    Raises:
        ValueError: a negative variance, or a target out of range.
    """

    def __init__(
        self,
        patience: int = 20,
        variance_threshold: float | None = None,
        min_improvement: float = 0.001,
        escape_noise_scale: float = 0.01,
        escape_instead: bool = False,
        verbose: bool = False,
        *,
        target_syntony: float = PHI_INVERSE,
    ) -> None:
        if variance_threshold is not None and not variance_threshold >= 0:
            raise ValueError(f"variance_threshold is {variance_threshold}; it must be at least 0")
        if not 0 < target_syntony <= 1:
            raise ValueError(f"target_syntony is {target_syntony}; it must be above 0 and at most 1, as syntony is")
        super().__init__(
            patience=patience,
            min_improvement=min_improvement,
            target=target_syntony,
            noise_floor=NOISE_FLOOR if variance_threshold is None else math.sqrt(variance_threshold),
            action="noise" if escape_instead else "stop",
            scale=escape_noise_scale if escape_instead else None,
        )
        self._verbose: Final = verbose
        self.should_stop = False
        self.archonic_count = 0

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Answers once both have come to a halt."""
        wish = super().after(generation, metrics)
        if wish is not Request.NOTHING:
            self.archonic_count += 1
            self.should_stop |= wish is Request.STOP
            if self._verbose:
                print(f"generation {generation}: syntony goes round and fitness stands still", flush=True)
        return wish


class PureSyntonyCheckpoint:
    """Writes the weights as JSON: `best_model.json` at a new best syntony, `checkpoint_gen_<n>.json` at intervals.

    Each file has generation, syntony, fitness, and the values and shape of every parameter.

    Args:
        save_dir: the folder; it is made where it is missing.
        save_best: whether the best is written.
        save_interval: generations from one checkpoint to the next; 0: none.
        min_syntony: at most so much syntony is never the best.

    Raises:
        ValueError: a negative interval.
    """

    def __init__(
        self, save_dir: str | Path, save_best: bool = True, save_interval: int = 10, min_syntony: float = 0.0
    ) -> None:
        if save_interval < 0:
            raise ValueError(f"save_interval is {save_interval}; it must be at least 0")
        self.save_dir: Final = Path(save_dir)
        self.best_syntony = min_syntony
        self._save_best: Final = save_best
        self._interval: Final = save_interval

    def on_generation_end(self, trainer: Any, generation: int, metrics: Mapping[str, float]) -> None:  # noqa: ANN401
        """Writes what is due of a trainer that has a model.

        Raises:
            OSError: if the disk refuses it.
        """
        due = ["best_model.json"] if self._save_best and metrics["syntony"] > self.best_syntony else []
        self.best_syntony = max(self.best_syntony, metrics["syntony"]) if due else self.best_syntony
        if self._interval and generation % self._interval == 0:
            due.append(f"checkpoint_gen_{generation}.json")
        if not due or not isinstance(trainer.model, Module):
            return
        named = dict(trainer.model.named_parameters())
        state = {
            "generation": generation,
            "syntony": metrics["syntony"],
            "fitness": metrics["mean_fitness"],
            "weights": {name: parameter.values() for name, parameter in named.items()},
            "shape": {name: list(parameter.shape) for name, parameter in named.items()},
        }
        self.save_dir.mkdir(parents=True, exist_ok=True)
        for name in due:
            write_json(self.save_dir / name, state)
