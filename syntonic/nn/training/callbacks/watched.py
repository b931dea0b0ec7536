"""The metric that a callback watches; if none is said, what the run has that is fit to choose by."""

from collections.abc import Mapping
from typing import Final, Literal

VALIDATION: Final = "val_"
"""How the names of metrics on validation data begin; they are not in every record."""
_CHOICES: Final = ("val_accuracy", "val_loss", "accuracy", "loss")
_SMALL: Final = ("loss", "rmse", "bits_per_byte")


class Watched:
    """A metric.

    Args:
        metric: its name; None: `val_accuracy` where there is validation data, else `accuracy`; `val_loss` or `loss`
            where there is no accuracy.
        mode: whether larger or smaller is better; None: smaller for losses and errors, larger for all else.
    """

    def __init__(self, metric: str | None, mode: Literal["max", "min"] | None) -> None:
        self.metric, self._mode = metric, mode
        self.names: tuple[str, ...] = () if metric is None else (metric,)

    def choose(self, known: Mapping[str, object] | tuple[str, ...]) -> None:
        """Settles which one it is, where none was said, by the names of what the run reports."""
        if self.metric is None:
            self.metric = next((name for name in _CHOICES if name in known), None)

    @property
    def sign(self) -> float:
        """1 if larger is better, else -1."""
        if self._mode is not None:
            return 1.0 if self._mode == "max" else -1.0
        return -1.0 if (self.metric or "").endswith(_SMALL) else 1.0

    def value(self, metrics: Mapping[str, float], who: str) -> float | None:
        """Returns the metric, larger is better; None if this record does not have it and others will.

        Args:
            metrics: of a record.
            who: asks, for the message.

        Raises:
            ValueError: if the trainer does not report the metric.
        """
        self.choose(metrics)
        if self.metric is not None and self.metric in metrics:
            return self.sign * metrics[self.metric]
        if self.metric is not None and self.metric.startswith(VALIDATION):
            return None
        raise ValueError(f"{who} watches {self.metric!r}, the trainer reports {', '.join(sorted(metrics))}")
