"""Gathers what a run came to: for its report, and for its page in the dashboard, which begins with it in Markdown."""

import inspect
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from syntonic.benchmarks.confusion import confusion
from syntonic.benchmarks.standards import Held, best
from syntonic.core import registry
from syntonic.runners.config.run_config import RunConfig, flattened
from syntonic.runners.run import summary
from syntonic.runners.run.build import Parts
from syntonic.runners.run.examples import examples
from syntonic.runners.run.figures import counted, throughput
from syntonic.runners.run.record import RunRecord
from syntonic.tracking.base import Ending, Status
from syntonic.tracking.outcome import Outcome

_KINDS: Final[tuple[registry.Kind, ...]] = ("model", "benchmark", "trainer", "tracking")


def gather(
    config: RunConfig, parts: Parts, record: RunRecord, seconds: float, evaluations: int, *, ended: bool
) -> Outcome:
    """Returns what a run came to.

    Args:
        config: of the run.
        parts: of the run.
        record: of the run.
        seconds: of training.
        evaluations: in this time.
        ended: whether the run has results, which standards and confusions belong to.
    """
    held = Held.of(parts.benchmark) if ended else Held()
    classes, table = confusion(parts.benchmark, parts.model) if ended else ([], [])
    return Outcome(
        command=command(record),
        changed=list(changed(config)),
        data=[*_data(record), *getattr(parts.benchmark, "describe", list)()],
        device=config.device,
        weights=_weights(parts.model),
        seconds=seconds,
        evaluations=evaluations,
        chance=dict(held.chance),
        baseline={metric: value for metric, (_, value) in best(held.rules).items()},
        rules={metric: rule for metric, (rule, _) in best(held.rules).items()},
        ceiling=dict(held.ceiling),
        distinct=held.cases.distinct if held.cases else None,
        unseen=held.cases.unseen if held.cases else None,
        classes=classes,
        confusion=table,
        examples=examples(parts.benchmark, parts.model) if ended else [],
    )


def command(record: RunRecord) -> str:
    """Returns the command that starts a run like this one: as it was typed, of a point of a sweep as it would be."""
    if record.sweep is None:
        return shlex.join(["syntonic-run", *sys.argv[1:]])
    name = [] if record.config_name == "config" else ["-cn", record.config_name]
    return shlex.join(["syntonic-run", *name, *record.overrides])


def changed(config: RunConfig) -> Iterator[str]:
    """Yields the flat keys whose values are not those that their classes have by default."""
    plain = config.plain()
    for name in _KINDS:
        section = plain[name]
        defaults = _defaults(name, section["name"])
        for key, value in flattened(section):
            if key != "name" and (key not in defaults or _plain(defaults[key]) != _plain(value)):
                yield f"{name}.{key}"
    for each in fields(RunConfig):
        if each.metadata.get("stored", True) and "text" in each.metadata and each.name != "name":
            if plain.get(each.name, each.default) not in (each.default, "cpu"):  # what `auto` comes to
                yield each.name


def note(config: RunConfig, ending: Ending, found: Outcome) -> str:
    """Returns what the reader of the run's page sees first, in Markdown: result, standards, command and data.

    Args:
        config: of the run, with the user's own note.
        ending: of the run.
        found: what it came to.
    """
    reason = ending.tags.get("reason")
    state = f"{ending.status}{f' ({reason})' if reason else ''}"
    own = config.tracking.get("note") or ""
    lines = [*([str(own), ""] if own else []), f"**{config.name}: {state}** after {counted(ending.step, 'generation')}"]
    if ending.status is Status.FINISHED and ending.results:
        heading, *rows = summary.rows(ending.results, found.chance, found.baseline, found.ceiling)
        lines += ["", _row(heading), "|---" * len(heading) + "|", *map(_row, rows)]
    cost = f"{counted(found.evaluations, 'evaluation')} in {found.seconds:.3g} s"
    weights = f"{counted(found.weights, 'weight')}, " if found.weights else ""
    rate = f", {throughput(found.evaluations / found.seconds)}" if found.seconds > 0 else ""
    lines += ["", f"`{found.command}`", "", f"{weights}{cost} of training on {found.device}{rate}", ""]
    lines += [f"- data: {_cell(line)}" for line in found.data]
    return "\n".join(lines)


def _defaults(kind: registry.Kind, name: str) -> Mapping[str, Any]:
    parameters = inspect.signature(registry.lookup(kind, name)).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _data(record: RunRecord) -> list[str]:
    return [f"{name}, SHA-256 {digest}" for name, digest in record.inputs.items()]


def _weights(model: object) -> int:
    named = getattr(model, "named_parameters", None)
    return sum(parameter.data.size for _, parameter in named()) if named is not None else 0


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
