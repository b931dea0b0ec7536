"""How a run stands, in one line of a given width: what matters most is never cut, what matters least goes first."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from syntonic.runners.run.figures import figure, throughput

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_CURVE: Final = 12  # cells of the curve of the loss; half of them where there is little room
_BAR: Final = 8, 40  # cells of the bar, at least and at most


@dataclass(frozen=True)
class Standing:
    """How a run stands.

    Attributes:
        generation: the last one.
        total: of the whole run, 0 if that is not known.
        metrics: of the last generation.
        left: seconds until the end, NaN while nobody can know.
        rate: evaluations per second since the start, 0 while there are none.
        losses: of generations so far, in order.
    """

    generation: int
    total: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    left: float = math.nan
    rate: float = 0.0
    losses: Sequence[float] = ()


def whole(now: Standing) -> str:
    """Returns the line for a file: everything but pictures, in the order of importance.

    >>> whole(Standing(20, 200, {"loss": 0.5, "accuracy": 1.0}, 65.0, 12345.6))
    'generation  20/200   10%  1:05 left  loss 0.5000  accuracy 1.0000  12,300 evaluations/s'
    """
    texts = ["generation", *_counter(now, aligned=True), *_loss(now), *_other(now, "accuracy"), *_other(now, "syntony")]
    return "  ".join([*texts, *_rate(now)]).replace("generation  ", "generation ", 1)


def fitted(now: Standing, width: int, *, plain: bool = False) -> str:
    """Returns the line as it fits a terminal.

    Counter, percentage, time left and loss always stand there. Of the rest the throughput goes first, then syntony, the
    word "generation", accuracy, half of the curve, the bar, and the curve.

    Args:
        now: how the run stands.
        width: columns.
        plain: whether the terminal shows ASCII alone.

    >>> fitted(Standing(20, 200, {"loss": 0.5, "accuracy": 1.0}, 65.0, 12345.6), 50, plain=True)
    '20/200 [#-----------]  10%  1:05 left  loss 0.5000'
    """
    for rate, syntony, word, accuracy, curve, bar, gap in _choices(plain):
        counter, *others = _counter(now)
        texts = [f"generation {counter}" if word else counter, *others, *_loss(now, 0 if plain else curve)]
        texts += [*(_other(now, "accuracy") if accuracy else []), *(_other(now, "syntony") if syntony else [])]
        line = gap.join([*texts, *(_rate(now) if rate else [])])
        room = width - len(line) - 1 if bar and now.total else 0
        if room >= _BAR[0]:
            counter = texts[0]
            return f"{counter} {_bar(now, min(room, _BAR[1]), plain=plain)}{line[len(counter) :]}"
        if len(line) <= width and not bar:
            return line
    return line.replace(" left", "").replace("loss ", "")[:width]  # counts of a million, on the narrowest terminal


def sparkline(values: Sequence[float], cells: int) -> str:
    """Returns a curve of so many characters at most; a cell without a finite number is empty.

    >>> sparkline([3.0, 2.0, float("nan"), 1.0], 8), sparkline([], 8)
    ('█▅ ▁', '')
    """
    if len(values) > cells:
        cuts = [index * len(values) // cells for index in range(cells + 1)]
        values = [_mean(values[start:end]) for start, end in pairwise(cuts)]
    sound = [value for value in values if math.isfinite(value)]
    low, high = min(sound, default=0.0), max(sound, default=0.0)
    span = high / 2 - low / 2  # halves: the difference of two large numbers may be none
    top = len(_LEVELS) - 1
    return "".join(
        (_LEVELS[round((value / 2 - low / 2) / span * top)] if span else _LEVELS[0]) if math.isfinite(value) else " "
        for value in values
    )


def clock(seconds: float) -> str:
    """Returns a time as people read it.

    >>> clock(65.2), clock(3725.0), clock(200000.0), clock(float("nan"))
    ('1:05', '1:02:05', '2 d 7 h', '-:--')
    """
    if not math.isfinite(seconds):
        return "-:--"
    whole_seconds = max(0, round(seconds))
    minutes, rest = divmod(whole_seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _choices(plain: bool) -> Iterator[tuple[bool, bool, bool, bool, int, bool, str]]:
    # What of rate, syntony, word, accuracy, curve and bar stands in the line, the fullest first; the gap is last.
    for kept in (4, 3, 2, 1):
        yield kept > 3, kept > 2, kept > 1, True, _CURVE, True, "  "
    yield False, False, False, False, _CURVE, True, "  "
    if not plain:
        yield False, False, False, False, _CURVE // 2, True, "  "
    for curve in (_CURVE // 2, 0):
        yield False, False, False, False, curve, False, "  "
    yield False, False, False, False, 0, False, " "


def _counter(now: Standing, *, aligned: bool = False) -> list[str]:
    if not now.total:
        return [str(now.generation)]
    wide = len(str(now.total)) if aligned else 0
    share = f"{100 * now.generation // now.total:>{3 if aligned else 0}}%"
    return [f"{now.generation:>{wide}}/{now.total}", share, f"{clock(now.left)} left"]


def _loss(now: Standing, cells: int = 0) -> list[str]:
    if "loss" not in now.metrics:
        return []
    curve = sparkline(now.losses, cells) if cells else ""
    return [f"loss {figure(now.metrics['loss'])} {curve}".rstrip()]


def _other(now: Standing, key: str) -> list[str]:
    return [f"{key} {figure(now.metrics[key])}"] if key in now.metrics else []


def _rate(now: Standing) -> list[str]:
    return [throughput(now.rate)] if now.rate else []


def _bar(now: Standing, cells: int, *, plain: bool) -> str:
    if plain:
        done = (cells - 2) * now.generation // now.total
        return f"[{'#' * done}{'-' * (cells - 2 - done)}]"
    done = cells * now.generation // now.total
    return "━" * done + "─" * (cells - done)


def _mean(values: Sequence[float]) -> float:
    sound = [value for value in values if math.isfinite(value)]
    return sum(value / len(sound) for value in sound) if sound else math.nan
