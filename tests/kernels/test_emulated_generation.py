"""A generation of the GPU on the CPU, by `block_emulator.h`: the kernel made from a model, ranks and direction."""

import ctypes
import re
import shutil
import subprocess
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest

import syntonic
from syntonic._core import Tensor
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.nn.training.trainer import trace
from syntonic.sn import functional as F

KERNELS = Path(syntonic.__file__).parent.parent / "rust_core" / "kernels"
EMULATOR = Path(__file__).parent / "block_emulator.h"
STEP = np.dtype([("sigma", "f8"), ("scale", "f8"), ("seed", "u4"), ("generation", "u4"), ("end", "u8")])
SEED, SIGMA = 5, 0.3
PLAIN = {"lattice": False, "error_feedback": False, "harmonize_strength": 0.0, "pull_strength": 0.0}
P = "(const real*)p[{}]"
DOORS = {
    "members": f"(double*)p[0], (double*)p[1], (const Step*)p[2], {P.format(3)}, {P.format(4)}, {P.format(5)}, n[0]",
    "shared_linear": f"(real*)p[0], (real*)p[1], (real*)p[2], {P.format(3)}, {P.format(4)}, n[0], n[1], n[2], n[3]",
    "count_scores": "(unsigned int*)p[0], (double*)p[1], (const double*)p[2], (const double*)p[3], d[0], n[0], n[1]",
    "sort_scores": "(u64*)p[0], (unsigned int*)p[1], (unsigned int*)p[2], (double*)p[3], (const double*)p[4], "
    "(const double*)p[5], d[0], n[0]",
    "rank_scores": "(unsigned int*)p[0], (const u64*)p[1], (const unsigned int*)p[2], n[0], n[1]",
    "direction": "(double*)p[0], (const int2*)p[1], (const int2*)p[2], (const Step*)p[3], n[0], n[1]",
    "direction_sum": "(double*)p[0], (const double*)p[1], (const Step*)p[2], n[0], n[1]",
}


class Unit:
    """A text of kernels, compiled for the CPU."""

    def __init__(self, folder, name, text, kernels):
        compiler = shutil.which("g++")
        if compiler is None:
            pytest.skip("no g++")
        doors = [
            f'extern "C" void run_{kernel}(Dim* shape, void** p, long long* n, double* d) {{'
            f" launch(shape[0], shape[1], [=] {{ ENTRY({kernel})({DOORS[kernel]}); }}); }}"
            for kernel in kernels
        ]
        text = "\n".join([EMULATOR.read_text(), text, *doors])
        text = text.replace("__shared__ alignas(16) real", "alignas(16) __shared__ real")
        source, library = folder / f"{name}.cpp", folder / f"{name}.so"
        source.write_text(text)
        flags = ["-std=c++20", "-O1", "-w", "-pthread", "-shared", "-fPIC", "-DSYNTONIC_F64=0", "-DSYNTONIC_ARCH=80"]
        subprocess.run([compiler, *flags, source, "-o", library], check=True)
        self.library = ctypes.CDLL(str(library))

    def run(self, kernel, grid, threads, tensors, sizes=(), numbers=(0.0,)):
        columns, rows = grid if isinstance(grid, tuple) else (grid, 1)
        shape = (ctypes.c_uint * 6)(columns, rows, 1, threads, 1, 1)
        pointers = (ctypes.c_void_p * len(tensors))(*(None if t is None else t.ctypes.data for t in tensors))
        sizes, numbers = (ctypes.c_longlong * len(sizes))(*sizes), (ctypes.c_double * len(numbers))(*numbers)
        getattr(self.library, f"run_{kernel}")(shape, pointers, sizes, numbers)


def aligned(values, dtype=np.float32):
    """A copy of `values` that begins at a multiple of 16 bytes."""
    values = np.asarray(values, dtype)
    room = np.empty(values.nbytes + 16, np.uint8)
    start = -room.ctypes.data % 16
    copy = room[start : start + values.nbytes].view(dtype).reshape(values.shape)
    copy[...] = values
    return copy


def step(scale=1.0):
    return aligned(np.array([(SIGMA, scale, SEED, 0, 0)], STEP), STEP)


@pytest.fixture(scope="module")
def generation(tmp_path_factory):
    if not KERNELS.exists():
        pytest.skip("no kernel sources beside the installed package")
    names = ("constants.cuh", "common.cuh", "philox.cuh", "population.cuh", "generation.cu")
    text = "\n".join((KERNELS / name).read_text() for name in names)
    kernels = ("shared_linear", "count_scores", "sort_scores", "rank_scores", "direction", "direction_sum")
    return Unit(tmp_path_factory.mktemp("generation"), "generation", text, kernels)


class Problem:
    """Random rows, of few bits if `coarse`, and what is to be made of them: "bce" or "ce"."""

    def __init__(self, rows, inputs, outputs, kind, *, coarse=False):
        rng = np.random.default_rng(rows)
        self.kind = kind
        numbers = rng.integers(-16, 17, (rows, inputs)) / 16 if coarse else rng.standard_normal((rows, inputs))
        self.inputs = Tensor(numbers.astype(np.float32))
        labels = rng.integers(0, 2 if kind == "bce" else outputs, rows).astype(np.float32)
        self.targets = Tensor(labels.reshape(rows, 1) if kind == "bce" else labels)

    def batch(self, _generation):
        return self.inputs, self.targets

    def loss(self, outputs, targets):
        return (F.binary_cross_entropy if self.kind == "bce" else F.cross_entropy)(outputs, targets)

    def metrics(self, _outputs, _targets):
        return {}


def mlp(inputs, hidden, outputs, activation):
    model = MLP(Task((inputs,), (outputs,)), hidden=hidden, activation=activation)
    model.initialize(seed=1)
    return model


def spread(parameters):
    """Numbers of each parameter, each beginning at a multiple of 8."""
    return np.concatenate([np.pad(p.ravel(), (0, -p.size % 8)) for p in parameters])


def values(model):
    return [np.array(p.data.to_list()).reshape(p.shape) for p in model.parameters()]


# Rows, sizes of the layers, activation, loss, members, and whether the first layer goes to the tensor cores.
MODELS = {
    "xor": (4, 2, (16, 16), 1, "tanh", "bce", 12, False),
    "one": (5, 3, (), 1, "tanh", "bce", 4, False),
    "digits": (70, 64, (32,), 10, "relu", "ce", 6, True),
    "pixels": (70, 64, (32,), 10, "relu", "ce", 6, True),
    "two maps": (140, 16, (8, 9), 3, "gelu", "ce", 4, True),
    "long rows": (4, 3200, (32,), 1, "tanh", "bce", 4, False),
    "odd": (33, 24, (33,), 3, "tanh", "ce", 4, False),
}


@pytest.mark.parametrize("name", MODELS)
def test_losses_and_syntonies(tmp_path, generation, name):
    """Losses as the CPU has them; what differs is the order of sums and the library's elementary functions."""
    rows, inputs, hidden, outputs, activation, kind, population, tensor = MODELS[name]
    model = mlp(inputs, hidden, outputs, activation)
    problem = Problem(rows, inputs, outputs, kind, coarse=name == "pixels")
    trainer = RetrocausalTrainer(SEED, population_size=population, sigma=SIGMA, **PLAIN)
    engine = trainer._engine_for(model)
    objective, _ = trace(model, problem, *problem.batch(0))
    want = np.array(engine.losses(objective, list(problem.batch(0))))

    text = objective.cuda_source(population, syntony=True)
    if name == "long rows":  # several chunks, each with sums of its own, as rows that are longer still have them
        text = text.replace("LONG = IN > 65536", "LONG = true")
    unit = Unit(tmp_path, name, text, ["members"])
    place = {int(value): int(at) for at, value in re.findall(r"// given \+ (\d+): value (\d+)", text)}
    centre = spread(values(model))
    given = np.zeros(max(place.values()) + rows * max(inputs, outputs) + 8, np.float32)
    given[: centre.size] = centre
    for at, array in zip(sorted(place.values()), (problem.inputs, problem.targets), strict=True):
        flat = np.array(array).ravel()
        given[at : at + flat.size] = flat
    group, threads, tile = (int(re.search(rf"{key} = (\d+)", text)[1]) for key in ("GROUP", "THREADS", "ROWS"))
    whole = -(-rows // (group * tile)) * group * tile
    given, derived = aligned(given), aligned(np.zeros(whole * 4 * (inputs + 40)))
    plain = re.search(r"linear_of_shared<\d+, \d+>\(group, v\d+, derived \+ (\d+), derived \+ (\d+)", text)
    split = re.search(r"linear_by_tensor_cores<\d+, \d+>\(group, derived \+ (\d+),", text)
    if plain:
        turned, base = (derived[int(at) :] for at in plain.groups())
        parts = derived[int(split[1]) :] if split else None
        widths = [inputs, (*hidden, outputs)[0]]
        tiles = whole // 16 if split else 0
        x = given[min(place.values()) :]
        tensors = [base, turned, parts, x, given]
        generation.run("shared_linear", widths[1] + (tiles or inputs), 64, tensors, [rows, *widths, tiles])
    assert bool(split) == tensor
    weights = np.full(centre.size, 0.25)
    losses, syntonies = aligned(np.zeros(population), np.float64), aligned(np.zeros(population), np.float64)
    blocks = -(-population // 2 // (threads // group))
    tensors = [losses, syntonies, step(), given, aligned(weights), derived]
    unit.run("members", blocks, threads, tensors, [population // 2])
    np.testing.assert_allclose(losses, want, rtol=2e-5 if name == "long rows" else 4e-6)
    np.testing.assert_allclose(syntonies, 0.25, rtol=1e-6)


@pytest.mark.parametrize("population", [2, 30, 1024, 1500])
def test_ranks(generation, population):
    """Twice the mean rank among equals, plus 1; NaN like minus infinity."""
    rng = np.random.default_rng(population)
    losses, syntonies = rng.integers(0, 40, population) / 8, rng.random(population).round(1)
    losses[rng.random(population) < 0.1] = np.nan
    losses[rng.random(population) < 0.05] = -np.inf
    losses[0] = np.inf
    chunks = -(-population // 1024)
    keys, owners = np.zeros(1024 * chunks, np.uint64), np.zeros(1024 * chunks, np.uint32)
    ranks, summary = np.full(population, 77, np.uint32), np.zeros((chunks, 3))
    tensors = [keys, owners, ranks, summary, losses, syntonies]
    generation.run("sort_scores", chunks, 64, tensors, [population], [0.25])
    generation.run("rank_scores", (chunks, chunks), 256, [ranks, keys, owners], [population, chunks])
    scores = np.nan_to_num(0.25 * syntonies - losses, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    want = (scores[None, :] < scores[:, None]).sum(1) + (scores[None, :] <= scores[:, None]).sum(1)
    np.testing.assert_array_equal(ranks, want)
    numbers = losses[~np.isnan(losses)]
    assert summary[:, 0].min() == numbers.min(initial=np.inf)
    assert summary[:, 2].sum() == numbers.size

    counted, again = np.full(population, 77, np.uint32), np.zeros((chunks, 3))
    tensors = [counted, again, losses, syntonies]
    generation.run("count_scores", -(-population // 32) + chunks, 512, tensors, [population, chunks], [0.25])
    np.testing.assert_array_equal(counted, want)
    np.testing.assert_array_equal(again[:, [0, 2]], summary[:, [0, 2]])


def test_the_direction_is_that_of_the_cpu(generation):
    """One step of plain ascent on the CPU tells its direction: the same sum over the noise, up to rounding."""
    population, inputs = 40, 20
    model, problem = mlp(inputs, (3,), 1, "tanh"), Problem(9, inputs, 1, "bce")
    settings = {"optimizer": "momentum", "beta1": 0.0, "learning_rate": 1.0, "lambda_syntony": 0.0, **PLAIN}
    trainer = RetrocausalTrainer(SEED, population_size=population, sigma=SIGMA, **settings)
    before = values(model)
    engine = trainer._engine_for(model)
    objective, _ = trace(model, problem, *problem.batch(0))
    losses = np.array(engine.losses(objective, list(problem.batch(0))))
    engine.step(objective, list(problem.batch(0)))
    want = [after - first for after, first in zip(values(model), before, strict=True)]

    ranks = (2 * np.argsort(np.argsort(-losses)) + 1).astype(np.int32)
    counts = [-(-array.size // 8) for array in before]
    blocks = np.array([(p, b) for p, count in enumerate(counts) for b in range(count)], np.int32)
    numbers = 8 * len(blocks)
    given = step(1 / (2 * (population - 1) * population * SIGMA))
    partial, out = np.zeros((2, numbers)), np.zeros(numbers)
    pairs = population // 2
    generation.run("direction", (len(blocks), 2), 256, [partial, ranks, blocks, given], [pairs, 1])
    generation.run("direction_sum", 2, 32, [out, partial, given], [numbers, 2])
    starts = [8 * at for at in accumulate([0, *counts])]
    for start, array in zip(starts, want, strict=False):
        np.testing.assert_allclose(out[start : start + array.size], array.ravel(), rtol=1e-5, atol=1e-6)
