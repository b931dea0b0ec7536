"""Which commands there are: their names and a line each, known without importing any of them."""

import importlib
from collections.abc import Sequence
from typing import Final

COMMANDS: Final = {
    "new": "files to begin with for a model, benchmark, callback or trainer of your own",
    "ls": "the runs in this folder: filtered, sorted, so many",
    "show": "one run: result, cost, settings, tags, where everything is",
    "metrics": "the metrics of a run by generation, also as CSV or JSON",
    "logs": "what a run has printed, and why it failed",
    "compare": "what differs between runs: settings and results",
    "predict": "what the model of a run answers to the rows of a file",
    "evaluate": "the model of a run judged on a benchmark, perhaps another one",
    "export": "the model of a run for other programs: ONNX, NPZ, safetensors",
    "analyse": "what a run's loss depends on, and its weights as operators: sensitivity and spectra",
    "report": "one HTML file on a run, or on a whole sweep",
    "ui": "the MLflow dashboard, on this machine only",
    "tag": "name runs by tags of your own, here and in MLflow",
    "note": "a note on a run, here and in MLflow",
    "rm": "move runs to the bin, and out of MLflow; bring them back, or empty it",
    "disk": "how much room runs take",
    "sync": "send what a tracking store that was not reachable has not got yet",
    "doctor": "what is installed, which device, which store, and what is wrong",
}


def call(command: str, argv: Sequence[str]) -> int:
    """Carries out a command and returns the exit code.

    Raises:
        RequestError: if its arguments are wrong.
    """
    module = importlib.import_module(f"syntonic.runners.command.{command}")
    if {"-h", "--help"} & set(argv):
        print(module.HELP)
        return 0
    return int(module.run(list(argv)))
