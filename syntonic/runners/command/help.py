"""The text of `syntonic-run --help`: made from the descriptions of keys, flags and commands, and the yaml files."""

import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from syntonic.runners.command.arguments import FLAGS
from syntonic.runners.command.table import COMMANDS
from syntonic.runners.config.run_config import Key, RunConfig, keys
from syntonic.runners.sweep.settings import Settings

PACKAGE: Final = Path(__file__).parents[2]
GROUPS: Final = PACKAGE / "conf"
CONFIGS: Final = PACKAGE / "configs"
_WITH_CLASSES: Final = ("model", "benchmark", "trainer", "callbacks")
OF_SWEEPS: Final = ("hydra/sweeper", "hydra/launcher")  # groups beside those that lie in `conf/` itself

_EXAMPLES: Final = """\
syntonic-run: train a neural network without gradients, on the golden lattice.

  syntonic-run                                     the default run: an MLP learns XOR
  syntonic-run -cn digits                          an experiment config, which is a whole run
  syntonic-run benchmark=digits model.hidden=[32]  the default run with overrides
  syntonic-run trainer=es trainer.sigma=0.05 seed=3
  syntonic-run -m trainer=retrocausal,es seed=0,1,2   a sweep: every combination, one run each
  syntonic-run -m hydra/sweeper=tpe 'trainer.sigma=interval(0.01,1)' sweep.parallel=4
  syntonic-run new model mine                      a file to begin with; then --use mine.py model=mine
  syntonic-run resume=last                         continue the latest run, bit for bit; or resume=<run id>"""

_END: Final = """\
Everything a run writes lies in .syntonic/ of the working folder, or in $SYNTONIC_HOME. The dashboard:
  {dashboard}

Exit codes: 0 done, 1 the run failed, 2 the request was wrong and nothing was written,
130, 143, 129 ended by Ctrl-C, SIGTERM or SIGHUP after a checkpoint was written.
Running the same sweep again does what is left of it, and nothing if nothing is."""


def text(own: Mapping[str, Collection[str]] | None = None) -> str:
    """Returns the help, with the options of the built-in groups and of `./conf`.

    Args:
        own: names that `--use` has brought, by group.
    """
    roots = [GROUPS, Path("conf")]
    options = {group: "  ".join(_options(group, (own or {}).get(group, ()))) for group in groups(roots)}
    configs = {path.stem: _first_comment(path) for path in sorted(CONFIGS.glob("*.yaml"))}
    flags = {f"{', '.join(flag.names)} {flag.value}".rstrip(): flag.text for flag in FLAGS}
    return "\n\n".join(
        [
            _EXAMPLES,
            _block("Config groups (conf/): choose an option with group=option, override with group.key=value", options),
            _block("Keys", described(keys(RunConfig))),
            _block("Keys of sweeps; any of them asks for a sweep, as -m does", described(keys(Settings, "sweep."))),
            _block("Experiment configs (configs/): start with -cn NAME", configs),
            _block("Commands: syntonic-run COMMAND, and syntonic-run COMMAND --help", COMMANDS),
            _block("Flags", flags),
            _END.format(dashboard=dashboard()),
        ]
    )


def described(given: Sequence[Key]) -> dict[str, str]:
    """Returns the text of each key, by the key with its default."""
    return {f"{key.name}={plain(key.default)}": key.text for key in given}


def plain(value: object) -> str:
    """Returns a value as it is typed.

    >>> plain(None), plain("auto"), plain(False)
    ('null', 'auto', 'false')
    """
    return json.dumps(value).strip('"')


def groups(roots: Iterable[Path]) -> list[str]:
    """Returns the config groups, those of sweeps at the end."""
    found = {path.name for root in roots if root.is_dir() for path in root.iterdir() if path.is_dir()}
    return [*sorted(name for name in found if not name.startswith(("_", ".")) and name != "hydra"), *OF_SWEEPS]


def dashboard() -> str:
    """Returns the shell command that opens the dashboard."""
    return command("syntonic-run ui")


def command(line: str) -> str:
    """Returns a command of this environment as the user can type it: behind `uv run` if that started this process."""
    return f"uv run {line}" if "UV_RUN_RECURSION_DEPTH" in os.environ else line


def _block(heading: str, lines: dict[str, str]) -> str:
    width = max(map(len, lines))
    return "\n".join([heading, *(f"  {name:<{width}}  {line}".rstrip() for name, line in lines.items())])


def _options(group: str, own: Collection[str]) -> list[str]:
    # An option of the user's whose class neither the package has nor `--use` has brought is marked.
    built_in, there = GROUPS / group, Path("conf", group)
    known = {name for path in built_in.glob("*.yaml") for name in _named(path)} | set(own)
    found = {path.stem: "" for path in built_in.glob("*.yaml")} | dict.fromkeys(own, "")
    for path in there.glob("*.yaml"):
        missing = group in _WITH_CLASSES and not known.issuperset(_named(path))
        found[path.stem] = " (its class is not loaded: --use FILE.py)" if missing else ""
    return [f"{name}{mark}" for name, mark in sorted(found.items())]


def _named(path: Path) -> list[str]:
    # The names of classes in a config, read without the library that reads YAML.
    try:
        return re.findall(r"""^ *name: *["']?(\w+)""", path.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return []


def _first_comment(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(lines, "").lstrip("# ").rstrip()
