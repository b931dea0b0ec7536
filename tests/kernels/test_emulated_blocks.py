"""Kernels that exchange data within a block, run on the CPU by `block_emulator.h`: their arithmetic without a GPU."""

import numpy as np
import pytest
from emulation import F32, F64, Emulated, aligned

PHI = 1.618033988749895


@pytest.fixture
def rng():
    return np.random.default_rng(3)


R, C = "(real*)p[{}]", "(const real*)p[{}]"
ROW = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, n[0], n[1], d[0]"


@pytest.mark.parametrize(
    ("threads", "vectors", "lanes", "dim", "rows"), [(4, 1, 1, 3, 70), (32, 1, 4, 64, 11), (64, 2, 4, 400, 2)]
)
def test_softmax(tmp_path, rng, threads, vectors, lanes, dim, rows):
    defines = [f"ROW_THREADS={threads}", f"ROW_VECTORS={vectors}", f"ROW_LANES={lanes}", "ROW_CLUSTER=1"]
    name = "syntonic_softmax_learned_row"
    unit = Emulated(tmp_path, "syntonic_softmax", {name: ROW, "softmax_identity_loop": ROW}, ["rows.cuh"], defines)
    x, norms = aligned(3 * rng.standard_normal((rows, dim))), aligned(np.abs(rng.standard_normal(dim)))
    out = aligned(np.full((rows, dim), np.nan))
    together = 256 // threads if threads <= 32 else 1
    unit.run(name, (-(-rows // together), 1), (threads, together), [out, x, norms], [rows, dim], [0.7])
    z = np.exp(x - 0.7 * norms.astype(np.float64) / PHI)
    np.testing.assert_allclose(out, z / z.sum(-1, keepdims=True), rtol=1e-5, atol=1e-7)
    unit.run("softmax_identity_loop", (2, 1), (64, 1), [out, x, None], [rows, dim], [1.0])
    z = np.exp(x.astype(np.float64))
    np.testing.assert_allclose(out, z / z.sum(-1, keepdims=True), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("threads", "vectors", "lanes", "dim"), [(64, 2, 4, 400), (64, 4, 1, 201), (128, 1, 4, 512)])
def test_softmax_of_rows_one_after_another(tmp_path, rng, threads, vectors, lanes, dim):
    defines = [
        f"ROW_THREADS={threads}",
        f"ROW_VECTORS={vectors}",
        f"ROW_LANES={lanes}",
        "ROW_CLUSTER=1",
        "ROW_STREAM=1",
    ]
    modes = ("softmax_identity", "syntonic_softmax_learned", "syntonic_softmax_provided")
    kernels = {f"{mode}_stream": ROW for mode in modes}
    unit = Emulated(tmp_path, "syntonic_softmax", kernels, ["rows.cuh"], defines)
    x, norms = aligned(3 * rng.standard_normal((7, dim))), aligned(np.abs(rng.standard_normal(dim)))
    syntony = aligned(np.abs(rng.standard_normal((7, dim))))
    x[2, 1:], x[3], x[4, 5], x[5, :200] = -np.inf, -np.inf, np.nan, -np.inf
    wide = x.astype(np.float64)
    logits = (wide, wide - 0.7 * norms.astype(np.float64) / PHI, wide + 0.7 * np.log(syntony.astype(np.float64)))
    for name, extra, z in zip(kernels, (None, norms, syntony), logits, strict=True):
        out = aligned(np.zeros((7, dim)))
        unit.run(name, (3, 1), (threads, 1), [out, x, extra], [7, dim], [0.7])
        with np.errstate(invalid="ignore"):
            e = np.exp(z - z.max(-1, keepdims=True))
        np.testing.assert_allclose(out, e / e.sum(-1, keepdims=True), rtol=1e-5, atol=1e-7)


def test_convolution(tmp_path, rng):
    sizes = ", ".join(f"n[{i}]" for i in range(14))
    arguments = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, {C.format(3)}, {sizes}"
    names = ("conv2d_gemm", "conv2d_gemm_whole", "conv2d_direct")
    unit = Emulated(tmp_path, "convolution", dict.fromkeys(names, arguments))
    for inputs in (3, 8):
        x, w = aligned(rng.standard_normal((2, 9, 8, inputs))), aligned(rng.standard_normal((70, 2, 3, inputs)))
        bias = aligned(rng.standard_normal(70))
        padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (2, 2), (0, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, (2, 3), (1, 2))[:, ::2]
        want = np.maximum(np.einsum("bhwcij,oijc->bhwo", windows, w.astype(np.float64)) + bias, 0)
        pixels = want.size // 70
        geometry = [1, pixels, 9, 8, inputs, 70, 2, 3, 2, 1, 0, 2, *want.shape[1:3]]
        for name in names if inputs == 8 else ("conv2d_gemm", "conv2d_direct"):
            out = aligned(np.full(want.shape, np.nan))
            grid, threads = ((3, 1), (32, 1)) if name == "conv2d_direct" else ((-(-pixels // 128), 2), (128, 1))
            unit.run(name, grid, threads, [out, x, w, bias], geometry)
            np.testing.assert_allclose(out, want, rtol=1e-4, atol=1e-4)


def test_syntony_of_rows_and_of_parts(tmp_path, rng):
    partial = "(double2*)p[0]"
    kernels = {
        "batch_syntony": f"{R.format(0)}, {C.format(1)}, {C.format(2)}, n[0], n[1], n[2]",
        "syntony_part": f"{partial}, {C.format(1)}, {C.format(2)}, n[0], n[1], n[2], n[3], n[4]",
        "syntony_whole": f"{R.format(0)}, (const double2*)p[1], {C.format(2)}, {C.format(3)}, n[0], n[1], n[2]",
    }
    unit = Emulated(tmp_path, "classic/winding", kernels, ["rows.cuh"])
    for dim in (1, 5, 132):
        x, w = rng.standard_normal((4, dim)), aligned(np.exp(-np.abs(rng.standard_normal(dim))))
        x[1], x[2] = 0, np.finfo(F32).max / 4
        x, out, whole = aligned(x), aligned(np.zeros(4)), int(dim % 4 == 0)
        square = x.astype(np.float64) ** 2
        want = (square * w).sum(1) / np.maximum(square.sum(1), 1e-300)
        unit.run("batch_syntony", (1, 1), (64, 1), [out, x, w], [4, dim, whole * dim // 4])
        np.testing.assert_allclose(out, want, rtol=1e-6)
        chunk = -(-dim // 8) * 4
        parts, out = aligned(np.zeros((4, 2, 2)), F64), aligned(np.zeros(4))
        unit.run("syntony_part", (3, 1), (64, 1), [parts, x, w], [4, dim, chunk, 2, whole])
        unit.run("syntony_whole", (1, 1), (64, 1), [out, parts, x, w], [4, dim, 2])
        np.testing.assert_allclose(out, want, rtol=1e-6)


@pytest.mark.parametrize(
    ("threads", "vectors", "lanes", "dim"), [(8, 4, 4, 128), (4, 4, 4, 52), (2, 4, 1, 5), (1, 1, 1, 1), (32, 4, 1, 99)]
)
def test_syntony_of_short_rows(tmp_path, rng, threads, vectors, lanes, dim):
    defines = [f"ROW_THREADS={threads}", f"ROW_VECTORS={vectors}", f"ROW_LANES={lanes}", "ROW_CLUSTER=1"]
    kernels = {"batch_syntony_row": f"{R.format(0)}, {C.format(1)}, {C.format(2)}, n[0], n[1]"}
    unit = Emulated(tmp_path, "classic/winding", kernels, ["rows.cuh"], defines)
    x, w = rng.standard_normal((9, dim)), aligned(np.exp(-np.abs(rng.standard_normal(dim))))
    x[1], x[2], x[3] = 0, np.finfo(F32).max / 4, np.finfo(F32).tiny
    x, out = aligned(x), aligned(np.zeros(9))
    square = x.astype(np.float64) ** 2
    want = (square * w).sum(1) / np.maximum(square.sum(1), 1e-300)
    together = 256 // threads
    unit.run("batch_syntony_row", (-(-9 // together), 1), (threads, together), [out, x, w], [9, dim])
    np.testing.assert_allclose(out, want, rtol=1e-6)


def test_batch_norm_statistics(tmp_path, rng):
    kernels = {
        "channel_first_part": f"(double2*)p[0], {C.format(1)}, n[0], n[1], n[2], n[3], n[4], n[5]",
        "channel_last_part": f"(double2*)p[0], {C.format(1)}, n[0], n[1], n[2], n[3]",
        "channel_moments": f"{R.format(0)}, {R.format(1)}, (const double2*)p[2], {C.format(3)}, n[0], n[1], n[2], d[0]",
    }
    unit = Emulated(tmp_path, "classic/golden_batch_norm", kernels)
    for batch, channels, inner, lanes in [(3, 5, 12, 4), (3, 5, 12, 1), (2, 3, 7, 1)]:
        x = aligned(rng.standard_normal((batch, channels, inner)) + 1e4)
        work = batch * inner // lanes
        partial = aligned(np.zeros((channels, 3, 2)), F64)
        mean, var = aligned(np.zeros(channels)), aligned(np.zeros(channels))
        sizes = [channels, inner, work, -(-work // 3), 3, lanes]
        unit.run("channel_first_part", (channels * 3, 1), (64, 1), [partial, x], sizes)
        unit.run("channel_moments", (1, 1), (32, 1), [mean, var, partial, x], [channels, inner, 3], [batch * inner])
        np.testing.assert_allclose(mean, x.astype(np.float64).mean((0, 2)), rtol=1e-7)
        np.testing.assert_allclose(var, x.astype(np.float64).var((0, 2)), rtol=1e-6)
    x, partial = aligned(rng.standard_normal((100, 37)) + 1e4), aligned(np.zeros((37, 3, 2)), F64)
    mean, var = aligned(np.zeros(37)), aligned(np.zeros(37))
    unit.run("channel_last_part", (2, 3), (32, 8), [partial, x], [100, 37, 34, 3])
    unit.run("channel_moments", (1, 1), (64, 1), [mean, var, partial, x], [37, 1, 3], [100])
    np.testing.assert_allclose(mean, x.astype(np.float64).mean(0), rtol=1e-7)
    np.testing.assert_allclose(var, x.astype(np.float64).var(0), rtol=1e-6)


@pytest.mark.parametrize(("rows", "dim", "packed"), [(3, 5, True), (4, 16, True), (2, 33, False), (1, 3, True)])
def test_d_phase_with_noise_of_its_own(tmp_path, rng, rows, dim, packed):
    sizes = ", ".join(f"n[{i}]" for i in range(6))
    phase = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, {C.format(3)}, {C.format(4)}, d[0], {sizes}"
    unit = Emulated(tmp_path, "classic/resonant", {"d_phase_philox": phase}, ["philox.cuh"])
    normals = {"noise": f"{R.format(0)}, " + ", ".join(f"n[{i}]" for i in range(7))}
    noise, n = Emulated(tmp_path, "classic/noise", normals, ["philox.cuh"]), rows * dim
    z, out = aligned(np.zeros(n)), aligned(np.full((rows, dim), np.nan))
    noise.run("noise", (1, 1), (32, 1), [z], [7, 6, 0, 0, 2, 1, n])
    x, roots, spreads = (aligned(np.abs(rng.standard_normal(s))) for s in ((rows, dim), dim, dim))
    for s, group in ((aligned(rng.uniform(0, 1, rows)), dim), (aligned([0.25]), n)):
        numbers = [7, 2, n // 4 if packed else 0, n, dim, group]
        unit.run("d_phase_philox", (2, 1), (32, 1), [out, x, roots, spreads, s], numbers, [0.3])
        missing = 1 - s.astype(np.float64).reshape(-1, 1)
        want = x * (1 + missing / PHI**2 * roots) + missing * 0.3 * spreads * z.reshape(rows, dim)
        np.testing.assert_allclose(out, want, rtol=1e-5, atol=1e-6)


def test_diffusion_on_a_ring(tmp_path, rng):
    arguments = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, d[0], d[1], d[2], n[0], n[1], n[2], n[3]"
    unit = Emulated(tmp_path, "classic/phases", {"differentiation_full": arguments})
    for shape, parts in (((2, 1, 7), 1), ((3, 4, 5), 1), ((2, 3, 1), 2), ((1, 1, 1), 1), ((2, 2, 6), 2)):
        x, force = (aligned(rng.standard_normal((*shape, parts))) for _ in range(2))
        out = aligned(np.full(x.shape, np.nan))
        unit.run("differentiation_full", (2, 1), (32, 1), [out, x, force], [*shape[1:], parts, x.size], [1, 0.5, 0.25])
        axes = (1, 2) if shape[1] > 1 else (2,)
        ring = sum(np.roll(x, 1, axis) + np.roll(x, -1, axis) - 2 * x for axis in axes)
        np.testing.assert_allclose(out, x + 0.5 * force + 0.25 * ring, rtol=1e-5, atol=1e-6)


def test_where_the_largest_number_stands(tmp_path, rng):
    unit = Emulated(tmp_path, "reductions", {"argmax_rows": f"(size*)p[0], {C.format(1)}, n[0], n[1]"})
    for dim in (1, 40, 257):
        x = aligned(np.round(rng.standard_normal((5, dim)), 1))
        x[1, dim // 2], x[2], x[3, 0] = np.nan, -np.inf, np.nan
        out = aligned(np.full(5, -1), np.dtype(np.int64))
        unit.run("argmax_rows", (2, 1), (64, 1), [out, x], [5, dim])
        np.testing.assert_array_equal(out, np.argmax(x, -1))


def test_sums_of_complex_states_and_of_pairs(tmp_path, rng):
    part = f"(double*)p[0], {C.format(1)}, {C.format(2)}, n[0]"
    unit = Emulated(tmp_path, "classic/complex", {"overlap_part": part, "complex_div": f"{R.format(0)}, {part[14:]}"})
    x, y = (rng.standard_normal(300) + 1j * rng.standard_normal(300) for _ in range(2))
    a, b = (aligned(np.stack([z.real, z.imag], -1)) for z in (x, y))
    partial, out = aligned(np.zeros((3, 4)), F64), aligned(np.zeros((300, 2)))
    unit.run("overlap_part", (3, 1), (64, 1), [partial, a, b], [300])
    overlap = np.vdot(x, y)
    want = [overlap.real, overlap.imag, np.vdot(x, x).real, np.vdot(y, y).real]
    np.testing.assert_allclose(partial.sum(0), want, rtol=1e-5, atol=1e-4)
    unit.run("complex_div", (1, 1), (64, 1), [out, a, b], [300])
    np.testing.assert_allclose(out @ [1, 1j], x / y, rtol=1e-5, atol=1e-5)
    unit = Emulated(tmp_path, "classic/phases", {"pair_syntony": f"(double*)p[0], {C.format(1)}, n[0]"})
    v, partial = aligned(rng.standard_normal(70)), aligned(np.zeros(4), F64)
    unit.run("pair_syntony", (4, 1), (32, 1), [partial, v], [70])
    terms = PHI ** (np.outer(v.astype(np.float64), v) / 69)
    np.testing.assert_allclose(partial.sum(), (terms.sum() - np.trace(terms)) / 70, rtol=1e-9)
