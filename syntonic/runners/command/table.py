"""Which verbs there are: their names and a line each, known without importing any of them."""

import importlib
from collections.abc import Sequence
from typing import Final

VERBS: Final = {
    "ls": "the runs in this folder, the latest first",
    "compare": "what differs between runs: settings and results",
    "report": "one HTML file that tells a run, or a whole sweep",
    "ui": "the MLflow dashboard, on this machine only",
    "sync": "send what a store that was away has not got yet",
    "doctor": "what is installed, which device, which store, and what is wrong",
}


def call(verb: str, words: Sequence[str]) -> int:
    """Carries out a verb and returns the exit code.

    Raises:
        RequestError: if its words are wrong.
    """
    module = importlib.import_module(f"syntonic.runners.command.{verb}")
    if {"-h", "--help"} & set(words):
        print(module.HELP)
        return 0
    return int(module.run(list(words)))
