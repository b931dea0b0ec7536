"""What a run came to, beside its results: what they are held against, what they took, and which examples were confused.

The run writes it into its folder, `outcome.json`; its page in a dashboard and its report are made from it.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from syntonic.tracking import plain

FILE: Final = "outcome.json"
_FORMAT: Final = 1


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        command: that can be pasted to start it again.
        changed: the settings that are not as their classes have them, by flat key.
        data: a line for each thing that is to be said of the data.
        device: that it ran on.
        weights: trained numbers, 0 if they are not known.
        seconds, evaluations: of training.
        chance, baseline, ceiling: figures on the test data, by metric.
        rules: the name of the rule that `baseline` is of, by metric.
        distinct, unseen: test cases, and how many of them training never shows; None: not counted.
        classes: names of the classes, where the answers are classes.
        confusion: how many test examples of a class (row) were taken for which one (column).
        examples: of a few test examples what was asked, what is right, and what the model says.
    """

    command: str = ""
    changed: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    device: str = ""
    weights: int = 0
    seconds: float = 0.0
    evaluations: int = 0
    chance: dict[str, float] = field(default_factory=dict)
    baseline: dict[str, float] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    ceiling: dict[str, float] = field(default_factory=dict)
    distinct: int | None = None
    unseen: int | None = None
    classes: list[str] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
    examples: list[list[str]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Writes it into a run's folder, whole or not at all.

        Raises:
            OSError: if the disk refuses it.
        """
        plain.write_json(folder / FILE, {"format": _FORMAT, **asdict(self)})


def read(folder: Path) -> Outcome:
    """Returns what a run's folder holds; an empty outcome of a run that has none, or one that cannot be used."""
    try:
        return plain.read(folder / FILE, Outcome, _FORMAT)
    except (OSError, ValueError):
        return Outcome()
