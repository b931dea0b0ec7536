"""Which commands there are: their names and a line each, known without importing any of them."""

import importlib
from collections.abc import Sequence
from typing import Final

COMMANDS: Final = {
    "new": "files to begin with for a model, benchmark, callback or trainer of your own",
    "ls": "the runs in this folder, the latest first",
    "compare": "what differs between runs: settings and results",
    "predict": "what the model of a run answers to the rows of a file",
    "evaluate": "the model of a run judged on a benchmark, perhaps another one",
    "export": "the model of a run for other programs: ONNX, NPZ, safetensors",
    "analyse": "what a run's loss depends on, and its weights as operators: sensitivity and spectra",
    "report": "one HTML file on a run, or on a whole sweep",
    "ui": "the MLflow dashboard, on this machine only",
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
