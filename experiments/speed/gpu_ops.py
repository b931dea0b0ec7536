"""The speed of operations on a GPU, against PyTorch eager, torch.compile and a measured copy of the same bytes.

Everything runs on one stream and is timed with CUDA events around ten calls, the median of seven such groups. A row's
share is the time that its fewest bytes need at the copy's rate, over the time it took. The bars are those of the issue.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from syntonic import _core

PHI = _core.PHI
GROUPS, CALLS = 7, 10
DTYPES = {"f32": torch.float32, "f64": torch.float64}


@dataclass
class Row:
    """One line of the table; times in microseconds, bytes as moved at least."""

    op: str
    size: str
    dtype: str
    bar: str
    ours: float
    moved: float
    peers: dict[str, float]
    share: float = 0.0


class Bench:
    """Times operations on the stream that our tensors use."""

    def __init__(self, minutes: float) -> None:
        self.deadline = time.monotonic() + 60 * minutes
        handle = _core.DeviceTensor.mode_norms(1).__cuda_array_interface__["stream"]
        self.stream = torch.cuda.ExternalStream(handle)
        torch.cuda.set_stream(self.stream)
        self.rows: list[Row] = []
        self.copy_rate = self.measure_copy()

    def time(self, work: Callable[[], Any]) -> float:
        """Returns the median time of one call in microseconds."""
        for _ in range(3):
            work()
        times = []
        for _ in range(GROUPS):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record(self.stream)
            for _ in range(CALLS):
                work()
            end.record(self.stream)
            end.synchronize()
            times.append(1000 * start.elapsed_time(end) / CALLS)
        return statistics.median(times)

    def measure_copy(self) -> float:
        """Returns bytes read and written per microsecond by a copy of 1 GiB."""
        source = torch.rand(1 << 28, device="cuda")
        target = torch.empty_like(source)
        return 2 * source.nbytes / self.time(lambda: target.copy_(source))

    def row(
        self,
        op: str,
        size: str,
        dtype: str,
        bar: str,
        moved: float,
        ours: Callable[[], Any],
        **peers: Callable[[], Any],
    ) -> None:
        """Measures one line; a peer that fails or finds no time is left out."""
        first = time.perf_counter()
        ours()
        torch.cuda.synchronize()
        first = time.perf_counter() - first
        found = {"first_use_ms": 1000 * first}
        mine = self.time(ours)
        for name, work in peers.items():
            if time.monotonic() > self.deadline:
                continue
            try:
                found[name] = self.time(work)
            except RuntimeError as error:  # a peer's failure is no reason to lose the rest of the table
                print(f"  {name} failed: {str(error).splitlines()[0]}", flush=True)
        row = Row(op, size, dtype, bar, mine, moved, found, moved / mine / self.copy_rate)
        self.rows.append(row)
        shown = "  ".join(f"{name} {value:.0f}" for name, value in found.items())
        print(f"{op:22} {size:18} {dtype}  {mine:9.1f} us  {row.share:5.2f} of copy  {shown}  [{bar}]", flush=True)


def ours(x: torch.Tensor) -> Any:
    """Our view of a PyTorch tensor's memory."""
    return _core.DeviceTensor.from_dlpack(x.detach())


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` under torch.compile for exactly these shapes."""
    return torch.compile(function, dynamic=False)


def residual(bench: Bench, name: str) -> None:
    """Phi-residual at 2^27."""
    dtype, n = DTYPES[name], 1 << 27
    i, r = (torch.randn(n, device="cuda", dtype=dtype) for _ in range(2))
    a, b = ours(i), ours(r)
    moved = 3.0 * i.nbytes
    for mode in ("phi", "phi_symmetric", "standard"):
        bench.row(f"residual {mode}", "2^27", name, ">= .93", moved, lambda m=mode: a.phi_residual(b, m))
    for activation, function in (("relu", F.relu), ("gelu", lambda x: F.gelu(x, approximate="tanh"))):
        fused = compiled(lambda i, r, f=function: f(i + r * (1 / PHI)))
        bench.row(
            f"residual + {activation}",
            "2^27",
            name,
            ">= .93",
            moved,
            lambda f=activation: a.phi_residual(b, "phi", f),
            eager=lambda f=function: f(i + r * (1 / PHI)),
            compile=lambda f=fused: f(i, r),
        )
    i, r = i.view(-1, 1024), r.view(-1, 1024)
    a, b = ours(i), ours(r)
    bench.row(
        "residual + layer_norm", "2^17 x 1024", name, ">= .93", moved, lambda: a.phi_residual(b, "phi", "layer_norm")
    )


def softmax(bench: Bench, name: str) -> None:
    """Syntonic softmax in learned mode."""
    bar = ">= .90, >= 1.0x compile" if name == "f32" else ">= .85, >= 1.0x compile"
    for rows, length in ((1 << 20, 128), (1 << 17, 1024), (4096, 32768), (1024, 131072)):
        x = torch.randn(rows, length, device="cuda", dtype=DTYPES[name])
        norms = (3 * torch.arange(length, device="cuda", dtype=DTYPES[name]) / length) ** 2
        t, n = ours(x), ours(norms)
        fused = compiled(lambda x, norms: torch.softmax(x - norms * (1 / PHI), -1))
        bench.row(
            "syntonic softmax",
            f"{rows} x {length}",
            name,
            bar,
            2.0 * x.nbytes,
            lambda t=t, n=n: t.fused_softmax(mode_norms=n),
            plain=lambda x=x: torch.softmax(x, -1),
            compile=lambda f=fused, x=x, norms=norms: f(x, norms),
        )


def batch_norm(bench: Bench, name: str) -> None:
    """Golden batch norm in training, against plain cuDNN batch norm."""
    x = torch.randn(128, 256, 56, 56, device="cuda", dtype=DTYPES[name])
    gamma, beta = torch.rand(256, device="cuda", dtype=x.dtype), torch.rand(256, device="cuda", dtype=x.dtype)
    t, g, b = ours(x), ours(gamma), ours(beta)
    bench.row(
        "golden batch norm",
        "128x256x56x56",
        name,
        ">= 1.2x cuDNN",
        2.0 * x.nbytes,
        lambda: t.fused_batch_norm(1e-5, 1 / PHI, gamma=g, beta=b),
        cudnn=lambda: F.batch_norm(x, None, None, gamma, beta, training=True),
    )


def fields(bench: Bench, name: str) -> None:
    """Winding syntony, snap, D and H phases."""
    x = torch.randn(1 << 20, 128, device="cuda", dtype=DTYPES[name])
    t, z = ours(x), ours(torch.randn_like(x))
    norms = _core.DeviceTensor.mode_norms(128, 3.0, dtype=t.dtype)
    weights = norms.golden_weights()
    roots, spreads = norms.mode_tables()
    s = ours(torch.rand(1, device="cuda", dtype=x.dtype))
    bench.row("winding syntony", "2^20 x 128", name, ">= .85", 1.0 * x.nbytes, lambda: t.batch_syntony(weights))
    long = t.reshape([4, x.numel() // 4])
    ones = ours(torch.ones(x.numel() // 4, device="cuda", dtype=x.dtype))
    bench.row("winding syntony", "4 x 2^25", name, "", 1.25 * x.nbytes, lambda: long.batch_syntony(ones))
    bench.row("snap M=100", "2^27", name, ">= .85", x.nbytes + 16.0 * x.numel(), lambda: t.snap(100))
    bench.row(
        "D phase", "2^20 x 128", name, ">= .85", 3.0 * x.nbytes,
        lambda: t.d_phase(roots, s, spreads=spreads, noise_scale=0.1, noise=z),
    )  # fmt: skip
    bench.row(
        "D phase, own noise", "2^20 x 128", name, "", 2.0 * x.nbytes,
        lambda: t.d_phase(roots, s, spreads=spreads, noise_scale=0.1, seed=1),
    )  # fmt: skip
    bench.row("H phase", "2^20 x 128", name, "", 2.0 * x.nbytes, lambda: t.h_phase(weights, s))
    bench.row(
        "noise", "4096 x 2^15", name, "", 1.0 * x.nbytes,
        lambda: _core.DeviceTensor.noise(1, 4096, 1 << 15, dtype=t.dtype), torch_randn=lambda: torch.randn_like(x),
    )  # fmt: skip


def convolution(bench: Bench, name: str) -> None:
    """Convolution in full precision against cuDNN in both of its layouts."""
    for batch, channels, side, outputs in ((64, 64, 56, 64), (64, 256, 14, 256), (256, 3, 32, 32)):
        x = torch.randn(batch, side, side, channels, device="cuda", dtype=DTYPES[name])
        w = torch.randn(outputs, 3, 3, channels, device="cuda", dtype=x.dtype)
        t, k = ours(x), ours(w)
        first, last = x.permute(0, 3, 1, 2).contiguous(), x.permute(0, 3, 1, 2)
        of_first, of_last = w.permute(0, 3, 1, 2).contiguous(), w.permute(0, 3, 1, 2)
        bench.row(
            "conv2d k3",
            f"{batch}x{channels}x{side}^2->{outputs}",
            name,
            ">= .6x cuDNN",
            float(x.nbytes + w.nbytes + x.nbytes // channels * outputs),
            lambda t=t, k=k: t.fused_conv2d(k, padding=(1, 1)),
            cudnn=lambda x=first, w=of_first: F.conv2d(x, w, padding=1),
            cudnn_nhwc=lambda x=last, w=of_last: F.conv2d(x, w, padding=1),
        )


def transfers(bench: Bench, name: str) -> None:
    """64 MiB and back, from memory that Python's arrays have, against PyTorch from the same kind of memory."""
    x = torch.randn((64 << 20) // DTYPES[name].itemsize, dtype=DTYPES[name])
    here, there = _core.Tensor(x.numpy()), x.cuda()
    t = here.to("cuda:0")
    bench.row("to the device", "64 MiB", name, "", x.nbytes, lambda: here.to("cuda:0"), torch=lambda: x.cuda())
    bench.row("to the CPU", "64 MiB", name, "", x.nbytes, t.cpu, torch=lambda: there.cpu())


def matmul(bench: Bench, name: str) -> None:
    """A product of two 8192 x 8192 matrices."""
    x, y = (torch.randn(8192, 8192, device="cuda", dtype=DTYPES[name]) for _ in range(2))
    t, u = ours(x), ours(y)
    bench.row("matmul", "8192", name, ">= .97x torch", 3.0 * x.nbytes, lambda: t @ u, torch=lambda: x @ y)


GROUPS_OF_ROWS = {
    group.__name__: group for group in (residual, softmax, batch_norm, fields, convolution, transfers, matmul)
}


def main() -> None:
    """Runs the table and writes it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=4.0, help="after these, peers are no longer measured")
    parser.add_argument("--only", nargs="+", choices=sorted(GROUPS_OF_ROWS), help="these groups of rows alone")
    parser.add_argument("--out", type=Path, help="where the JSON goes")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    bench = Bench(options.minutes)
    device = torch.cuda.get_device_name()
    print(f"{device}, torch {torch.__version__}, copy {bench.copy_rate / 1e6:.3f} TB/s", flush=True)
    for group in (GROUPS_OF_ROWS[name] for name in options.only or GROUPS_OF_ROWS):
        for name in DTYPES:
            try:
                group(bench, name)
            except (RuntimeError, MemoryError, ValueError) as error:
                print(f"{group.__name__} {name} failed: {error}", flush=True)
            torch.cuda.empty_cache()
    if options.out:
        rows = [asdict(row) for row in bench.rows]
        result = {"device": device, "torch": torch.__version__, "copy_bytes_per_us": bench.copy_rate, "rows": rows}
        options.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
