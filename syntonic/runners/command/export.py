"""`syntonic-run export`: a trained model for other programs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.export.content import described, parameters
from syntonic.runners.export.npz import npz
from syntonic.runners.export.onnx_file import onnx_file
from syntonic.runners.run.kept_model import LoadedModel
from syntonic.runners.run.progress import Output
from syntonic.runners.run.trained import opened
from syntonic.tracking.arrays import pack

HELP: Final = """\
syntonic-run export [RUN] --to onnx|npz|safetensors [--out FILE]: the model of a run for other programs.

  syntonic-run export --to onnx                            of the latest run, into model.onnx
  syntonic-run export 20261122-0012 --to safetensors --out weights.safetensors

onnx         the whole computation in float32, for any size of batch; needs `pip install 'syntonic[export]'`
npz          the weights as floats by name: numpy.load("model.npz")
safetensors  the same; for PyTorch: safetensors.torch.load_file("model.safetensors")

Names, shapes, and how inputs were made of a table, a series or images are in each file."""
_FORMATS: Final = ("onnx", "npz", "safetensors")


def run(argv: Sequence[str]) -> int:
    """Writes the file, prints where, and returns the exit code."""
    options = read("export", argv, values=["--to", "--out"], lists=["--use"], most=1)
    wanted = options.flags.get("--to", "")
    if wanted in ("torch", "torch-state", "pt", "pth"):
        way_out = (
            "--to safetensors, and safetensors.torch.load_file in PyTorch, give the same tensors by the same names"
        )
        raise RequestError([f"export: --to {wanted} would be a pickle, which is code; {way_out}"])
    if wanted not in _FORMATS:
        raise RequestError([f"export: --to {wanted or 'what'}? {' | '.join(_FORMATS)}{did_you_mean(wanted, _FORMATS)}"])
    trained = opened(options.names[0] if options.names else "last", options.lists.get("--use", ()))
    content = _content(trained.model, wanted)
    target = Path(options.flags.get("--out") or f"model.{wanted}")
    hidden = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        hidden.write_bytes(content)
        hidden.replace(target)
    except OSError as error:
        hidden.unlink(missing_ok=True)
        raise RequestError([f"export: {target} cannot be written: {error.strerror}"]) from error
    console = Output()
    for note in trained.notes:
        console.warn(note)
    console.print(f"run {trained.record.id} in {target}", markup=False, soft_wrap=True)
    return 0


def _content(model: LoadedModel, wanted: str) -> bytes:
    texts = described(model.facts)
    if wanted == "onnx":
        return onnx_file(model.module, model.facts)
    if wanted == "npz":
        return npz(parameters(model.module, model.facts.dtype), texts)
    return pack(parameters(model.module, model.facts.dtype), texts)
