# ruff: noqa
"""Which way to hold long softmax rows is fastest: every variant against a copy of the same bytes, right results only.

`SYNTONIC_STREAM` chooses threads, accesses of a thread, blocks of a cluster, whether the norms are kept in shared memory,
whether blocks signal one another by messages, blocks of a multiprocessor, rows on their way, and our own e^x.
"""

import argparse
import os
import statistics
import time

import torch

from syntonic import _core

PHI = _core.PHI
GROUPS, CALLS = 5, 10
VARIANTS = {
    ("f32", 131072): [
        (256, 8, 16, 1, 0, 1, 1, 0),
        (256, 8, 16, 1, 0, 3, 1, 0),
        (256, 8, 16, 0, 0, 3, 1, 0),
        (256, 8, 16, 0, 1, 3, 1, 0),
        (512, 8, 8, 1, 0, 1, 1, 0),
        (512, 8, 8, 0, 0, 2, 1, 0),
        (512, 8, 8, 0, 1, 1, 2, 0),
        (512, 8, 8, 0, 1, 2, 1, 0),
        (256, 16, 8, 0, 1, 2, 1, 0),
        (1024, 4, 8, 0, 1, 1, 2, 0),
        (1024, 4, 8, 0, 1, 1, 3, 0),
        (1024, 8, 4, 0, 1, 1, 1, 0),
    ],
    ("f64", 131072): [
        (512, 8, 16, 1, 0, 1, 1, 0),
        (512, 8, 16, 0, 0, 1, 2, 1),
        (512, 8, 16, 0, 0, 2, 1, 0),
        (512, 8, 16, 0, 0, 2, 1, 1),
        (512, 8, 16, 0, 1, 2, 1, 1),
        (1024, 4, 16, 0, 0, 1, 2, 1),
        (1024, 4, 16, 0, 1, 1, 2, 0),
        (1024, 4, 16, 0, 1, 1, 2, 1),
        (1024, 4, 16, 0, 1, 1, 3, 1),
        (1024, 4, 16, 1, 1, 1, 2, 1),
    ],
    ("f64", 32768): [
        (256, 8, 8, 1, 0, 3, 1, 0),
        (256, 8, 8, 0, 0, 3, 1, 1),
        (256, 8, 8, 0, 1, 3, 1, 1),
        (256, 8, 8, 0, 1, 4, 1, 1),
        (256, 8, 8, 0, 1, 3, 2, 1),
        (512, 8, 4, 0, 0, 2, 1, 1),
        (512, 8, 4, 0, 1, 2, 1, 1),
        (512, 4, 8, 0, 1, 3, 1, 1),
        (1024, 4, 4, 0, 1, 1, 2, 1),
        (1024, 4, 4, 0, 1, 1, 3, 1),
        (1024, 8, 2, 0, 1, 1, 1, 1),
    ],
    ("f32", 32768): [
        (256, 8, 4, 1, 0, 1, 1, 0),
        (256, 8, 4, 1, 0, 3, 1, 0),
        (256, 8, 4, 0, 1, 3, 1, 0),
        (512, 8, 2, 0, 1, 2, 1, 0),
        (1024, 4, 2, 0, 1, 1, 2, 0),
    ],
}


def main() -> None:
    """Prints one line for each variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signal", type=int, choices=(0, 1), required=True, help="only variants with or without it")
    options = parser.parse_args()
    handle = _core.DeviceTensor.mode_norms(1).__cuda_array_interface__["stream"]
    stream = torch.cuda.ExternalStream(handle)
    torch.cuda.set_stream(stream)

    def timed(work):
        for _ in range(3):
            work()
        times = []
        for _ in range(GROUPS):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record(stream)
            for _ in range(CALLS):
                work()
            end.record(stream)
            end.synchronize()
            times.append(1000 * start.elapsed_time(end) / CALLS)
        return statistics.median(times)

    source = torch.rand(1 << 28, device="cuda")
    target = torch.empty_like(source)
    rate = 2 * source.nbytes / timed(lambda: target.copy_(source))
    print(f"{torch.cuda.get_device_name()}, copy {rate / 1e6:.3f} TB/s", flush=True)
    del source, target
    os.environ["SYNTONIC_STREAM_SHOW"] = "1"
    for (name, length), variants in VARIANTS.items():
        rows = (1 << 27) // length
        x = torch.randn(rows, length, device="cuda", dtype=torch.float32 if name == "f32" else torch.float64)
        norms = (3 * torch.arange(length, device="cuda", dtype=x.dtype) / length) ** 2
        t, n = _core.DeviceTensor.from_dlpack(x), _core.DeviceTensor.from_dlpack(norms)
        few = x[:3].double()
        want = torch.softmax(few - norms.double() / PHI, -1)
        for variant in variants:
            if variant[4] != options.signal:
                continue
            os.environ["SYNTONIC_STREAM"] = ",".join(map(str, variant))
            start = time.perf_counter()
            got = torch.from_dlpack(t.syntonic_softmax(mode_norms=n))
            torch.cuda.synchronize()
            first = 1000 * (time.perf_counter() - start)
            error = ((got[:3].double() - want).abs() / want).max().item()
            whole = (got.double().sum(-1) - 1).abs().max().item()
            del got
            os.environ.pop("SYNTONIC_STREAM_SHOW", None)
            mine = timed(lambda: t.syntonic_softmax(mode_norms=n))  # noqa: B023
            os.environ["SYNTONIC_STREAM_SHOW"] = "1"
            share = 2 * x.nbytes / mine / rate
            print(
                f"{name} {length:7} {variant!s:32} {mine:8.1f} us {share:5.3f} of copy, first {first:5.0f} ms, "
                f"error {error:.1e} {whole:.1e}",
                flush=True,
            )
        del x, t, few, want
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
