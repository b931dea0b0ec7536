"""The text of `syntonic-run --help`: read from the yaml files themselves, so that it cannot go stale."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from syntonic.runners.command.table import VERBS
from syntonic.runners.sweep import settings

PACKAGE: Final = Path(__file__).parents[2]
WORDS: Final = PACKAGE / "conf"
SENTENCES: Final = PACKAGE / "configs"

_TEXT: Final = """\
syntonic-run: train a neural network without gradients, on the golden lattice.

  syntonic-run                                     the default run: an MLP learns XOR
  syntonic-run -cn digits                          a whole run from configs/
  syntonic-run benchmark=digits model.hidden=[32]  the default run, changed word by word
  syntonic-run trainer=es trainer.sigma=0.05 seed=3
  syntonic-run -m trainer=retrocausal,es seed=0,1,2   a sweep: every combination, one run each
  syntonic-run -m hydra/sweeper=tpe 'trainer.sigma=interval(0.01,1)' sweep.parallel=4
  syntonic-run resume=last                         go on with the latest run, bit for bit; or resume=<run id>

Words (conf/): choose with group=option, change one with group.key=value
{words}
  other keys: seed=0  device=auto|cpu|cuda  name=<run name>  resume=last|<run id>
  experiment  {experiments}
  of sweeps: hydra/sweeper  {sweepers}; hydra/launcher  {launchers}

Keys of sweeps; any of them asks for one, as -m does
{keys}

Sentences (configs/): start with -cn NAME
{sentences}

Verbs: syntonic-run VERB, and syntonic-run VERB --help
{verbs}

Flags
  -cn, --config-name NAME   the sentence to start from
  -cd, --config-dir FOLDER  more words and sentences of your own (./conf is always looked at first)
  -m,  --multirun           a sweep: a,b  range(0,5)  interval(0,1)  tag(log,interval(0.01,1)), one run for each point
  --completion SHELL        bash or zsh: eval "$(syntonic-run --completion bash)"; fish: ... | source
  --cfg                     print the composed config and stop
  --version                 print the version and stop

Everything a run writes lies in .syntonic/ of the working folder, or in $SYNTONIC_HOME. The dashboard:
  {dashboard}

Exit codes: 0 done, 1 the run failed, 2 the request was wrong and nothing was written,
130, 143, 129 ended by Ctrl-C, SIGTERM or SIGHUP after a checkpoint was written.
The same sweep again runs what is left of it, and nothing if nothing is."""


def text() -> str:
    """Returns the help, with the options of the built-in groups and of `./conf`."""
    roots = [WORDS, Path("conf")]
    groups = ("model", "benchmark", "trainer", "tracking", "callbacks")
    words = [f"  {group:<10} {'  '.join(_options(root / group for root in roots))}" for group in groups]
    sentences = [f"  {path.stem:<18} {_first_comment(path)}" for path in sorted(SENTENCES.glob("*.yaml"))]
    verbs = [f"  {verb:<10} {line}" for verb, line in VERBS.items()]
    groups_of_sweeps = {"experiments": "experiment", "sweepers": "hydra/sweeper", "launchers": "hydra/launcher"}
    others = {name: "  ".join(_options(root / group for root in roots)) for name, group in groups_of_sweeps.items()}
    given = settings.defaults()
    keys = [f"  {f'sweep.{key}={_plain(given[key])}':<29} {text}" for key, text in settings.texts().items()]
    blocks = {"keys": keys, "words": words, "sentences": sentences, "verbs": verbs}
    texts = {name: "\n".join(lines) for name, lines in blocks.items()}
    return _TEXT.format(dashboard=dashboard(), **texts, **others)


def dashboard() -> str:
    """Returns the shell command that opens the dashboard."""
    return command("syntonic-run ui")


def command(line: str) -> str:
    """Returns a command of this environment as the user can type it: behind `uv run` if that started this process."""
    return f"uv run {line}" if "UV_RUN_RECURSION_DEPTH" in os.environ else line


def _plain(value: object) -> str:
    return json.dumps(value).strip('"')


def _options(folders: Iterable[Path]) -> list[str]:
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def _first_comment(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next(lines, "").lstrip("# ").rstrip()
