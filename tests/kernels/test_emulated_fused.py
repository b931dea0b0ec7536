"""Fused kernels on the CPU, by `block_emulator.h`: the losses that the CPU finds, of every kind of model."""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from emulation import EMULATOR, F32, F64, aligned

from syntonic.benchmarks.order import order
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.nn.training.trainer import trace

PLAIN = {"lattice": False, "error_feedback": False, "harmonize_strength": 0.0, "pull_strength": 0.0}
NAMES = {np.float32: F32, np.float64: F64}


class Fused:
    """A fused kernel, compiled for the CPU."""

    def __init__(self, folder: Path, source: str, numbers: int, dtype, arch=75):
        compiler = shutil.which("g++")
        if compiler is None:
            pytest.skip("no g++")
        signature = re.search(r"ENTRY\(fused\)\((.*?)\) \{", source, re.DOTALL)[1].split(",")[3:]
        self.names = [argument.split()[-1] for argument in signature]
        given = ", ".join(f"(const real*)p[{i + 2}]" for i in range(len(self.names)))
        door = (
            f'alignas(16) Quad memory[{numbers}]; extern "C" void run(Dim* shape, void** p, long long members) {{'
            f" launch(shape[0], shape[1], [=] {{ ENTRY(fused)((double*)p[0], (double*)p[1], members, {given}); }}); }}"
        )
        text = "\n".join([EMULATOR.read_text(), source, door])
        text = text.replace("extern __shared__ Quad memory[]", f"extern Quad memory[{numbers}]")
        path, library = folder / "fused.cpp", folder / "fused.so"
        path.write_text(text)
        formats = [f"-DSYNTONIC_F64={int(dtype == np.float64)}", f"-DSYNTONIC_ARCH={arch}"]
        flags = ["-std=c++20", "-O1", "-w", "-pthread", "-shared", "-fPIC", *formats]
        subprocess.run([compiler, *flags, path, "-o", library], check=True)
        self.library = ctypes.CDLL(str(library))

    def run(self, blocks, threads, tensors, members):
        shape = (ctypes.c_uint * 6)(blocks, 1, 1, threads, 1, 1)
        pointers = (ctypes.c_void_p * len(tensors))(*(t.ctypes.data for t in tensors))
        self.library.run(shape, pointers, ctypes.c_longlong(members))


def made(model, benchmark, of_model, of_benchmark):
    task = registry.lookup("benchmark", benchmark)(0, **of_benchmark)
    network = registry.lookup("model", model)(
        Task(task.input_shape, task.output_shape, task.vocabulary, order(task)), **of_model
    )
    network.initialize(3)
    return network, task


def found(folder, model, task, members, dtype, arch):
    """What the kernel finds, and what the CPU finds: losses of members, and loss and metrics of the centre."""
    trainer = RetrocausalTrainer(7, population_size=members, sigma=0.2, dtype=np.dtype(dtype).name, **PLAIN)
    engine = trainer._engine_for(model)
    batch = list(task.batch(0))
    objective, _ = trace(model, task, *batch)
    want = engine.losses(objective, batch), engine.centre(objective, batch)
    source, threads, shared, given = objective.fused_source(batch, dtype=np.dtype(dtype).name)
    kernel = Fused(folder, source, shared // 16 + 1, dtype, arch)
    own = [[np.array(p.tolist()).ravel() for p in member] for member in engine.parameters_of_members()]
    centre = [np.array(p.data.to_list()).ravel() for p in model.parameters()]
    parameters = [
        aligned(values, NAMES[dtype])
        for number in range(len(centre))
        for values in (np.concatenate([member[number] for member in own]), centre[number])
    ]
    losses, of_centre = aligned(np.full(members, np.nan), F64), aligned(np.full(len(want[1]), np.nan), F64)
    tensors = [losses, of_centre, *parameters, *(aligned(values, NAMES[dtype]) for values in given)]
    kernel.run(members + 1, threads, tensors, members)
    return (losses, of_centre), want


MODELS = {
    "cnn2d": ("cnn2d", "cnn", {}, {"batch_size": 6}),
    "cnn1d": ("cnn1d", "cnn", {}, {"data": "mnist1d", "batch_size": 12}),
    "transformer": ("transformer", "transformer", {"layers": 1}, {"variant": "copy", "batch_size": 10}),
    "language model": ("transformer_lm", "language", {"layers": 1}, {"batch_size": 3}),
    "winding": ("winding", "winding", {}, {}),
}


# Plain sums, and those of tensor cores by numbers split in two.
KINDS = {"f32": (np.float32, 75, 1e-5), "tensor cores": (np.float32, 80, 1e-5), "f64": (np.float64, 80, 1e-13)}


CASES = [(name, "tensor cores") for name in MODELS] + [("cnn2d", "f32"), ("transformer", "f32"), ("cnn1d", "f64")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_losses(tmp_path, name, kind):
    dtype, arch, tolerance = KINDS[kind]
    model, task = made(*MODELS[name])
    (losses, centre), (want, of_centre) = found(tmp_path, model, task, 4, dtype, arch)
    np.testing.assert_allclose(losses, want, rtol=tolerance)
    np.testing.assert_allclose(centre, of_centre, rtol=tolerance)
